// Tests/tools/generate.py writes this file from the library's own tables.

package aigc

import "encoding/json"

// Value gives a pointer to a value, for the fields of a typed request that may be left out.
func Value[T any](value T) *T { return &value }

// AlibabaInferenceRequest is a request that costs money when it is submitted: Personalizedtxt2imgAddInferenceJob.
// Fields that are nil or empty are not sent.
type AlibabaInferenceRequest struct {
	// What to draw, in English, with the literal token <special-token> in place of the subject. Required.
	Prompt string
	// Id of the model that you have trained. Required.
	Model string
	// Number of images; the provider treats more than 10 as 10.
	Count *int64
	// Seed for reproducible images, -1 to 2147483647; default: the provider's choice.
	Seed *int64
	// Options say how the library treats the job, as in Request.
	Options map[string]string
}

// Request gives the request for Submit or Fetch.
func (r AlibabaInferenceRequest) Request() Request {
	fields := Fields{}
	if r.Prompt != "" {
		fields["prompt"] = r.Prompt
	}
	if r.Model != "" {
		fields["model"] = r.Model
	}
	if r.Count != nil {
		fields["count"] = *r.Count
	}
	if r.Seed != nil {
		fields["seed"] = *r.Seed
	}
	return Request{Provider: "alibaba", Operation: "inference", Fields: fields, Options: r.Options}
}

// AlibabaPreModelInferenceRequest is a request that costs money when it is submitted:
// PersonalizedTextToImageAddInferenceJob. Fields that are nil or empty are not sent.
type AlibabaPreModelInferenceRequest struct {
	// What to draw, in English, with the literal token <special-token> in place of the subject. Required.
	Prompt string
	// Training steps, for example 800.
	TrainSteps *int64
	// Number of images; the provider treats more than 10 as 10.
	Count *int64
	// Seed for reproducible images, -1 to 2147483647; default: the provider's choice.
	Seed *int64
	// Weight of the reference images; documented: 0.3 to 0.8 in steps of 0.1; default: 0.5.
	Strength *float64
	// Images of the subject, one or more, at public URLs.
	Images []Image
	// Options say how the library treats the job, as in Request.
	Options map[string]string
}

// Request gives the request for Submit or Fetch.
func (r AlibabaPreModelInferenceRequest) Request() Request {
	fields := Fields{}
	if r.Prompt != "" {
		fields["prompt"] = r.Prompt
	}
	if r.TrainSteps != nil {
		fields["train_steps"] = *r.TrainSteps
	}
	if r.Count != nil {
		fields["count"] = *r.Count
	}
	if r.Seed != nil {
		fields["seed"] = *r.Seed
	}
	if r.Strength != nil {
		fields["strength"] = *r.Strength
	}
	return Request{Provider: "alibaba", Operation: "pre_model_inference", Fields: fields, Images: r.Images, Options: r.Options}
}

// AlibabaModelTrainRequest is a request that costs money when it is submitted: Personalizedtxt2imgAddModelTrainJob.
// Fields that are nil or empty are not sent.
type AlibabaModelTrainRequest struct {
	// Name of the model, for people. Required.
	Name string
	// What the images show, in one word: girl, person, man, boy, dog ... Required.
	ObjectType string
	// Training steps, for example 800.
	TrainSteps *int64
	// Images of the subject, one or more, at public URLs.
	Images []Image
	// Options say how the library treats the job, as in Request.
	Options map[string]string
}

// Request gives the request for Submit or Fetch.
func (r AlibabaModelTrainRequest) Request() Request {
	fields := Fields{}
	if r.Name != "" {
		fields["name"] = r.Name
	}
	if r.ObjectType != "" {
		fields["object_type"] = r.ObjectType
	}
	if r.TrainSteps != nil {
		fields["train_steps"] = *r.TrainSteps
	}
	return Request{Provider: "alibaba", Operation: "model_train", Fields: fields, Images: r.Images, Options: r.Options}
}

// AlibabaInferenceAssetRequest fetches one image, free of charge: Personalizedtxt2imgQueryImageAsset. Fields that are
// nil or empty are not sent.
type AlibabaInferenceAssetRequest struct {
	// Id of the job's model. Required.
	ModelID string
	// Id of the job's prompt. Required.
	PromptID string
	// Id of the image, as in the job's resultImageUrl. Required.
	ImageID string
	// With "base64" the image is sent as Base64 text, otherwise as bytes. The stored image is the same.
	EncodeFormat string
	// Options say how the library treats the job, as in Request.
	Options map[string]string
}

// Request gives the request for Submit or Fetch.
func (r AlibabaInferenceAssetRequest) Request() Request {
	fields := Fields{}
	if r.ModelID != "" {
		fields["model_id"] = r.ModelID
	}
	if r.PromptID != "" {
		fields["prompt_id"] = r.PromptID
	}
	if r.ImageID != "" {
		fields["image_id"] = r.ImageID
	}
	if r.EncodeFormat != "" {
		fields["encode_format"] = r.EncodeFormat
	}
	return Request{Provider: "alibaba", Operation: "inference_asset", Fields: fields, Options: r.Options}
}

// AlibabaPreModelInferenceAssetRequest fetches one image, free of charge: PersonalizedTextToImageQueryImageAsset.
// Fields that are nil or empty are not sent.
type AlibabaPreModelInferenceAssetRequest struct {
	// Id of the image, as in the job's resultImageUrl. Required.
	ImageID string
	// With "base64" the image is sent as Base64 text, otherwise as bytes. The stored image is the same.
	EncodeFormat string
	// Options say how the library treats the job, as in Request.
	Options map[string]string
}

// Request gives the request for Submit or Fetch.
func (r AlibabaPreModelInferenceAssetRequest) Request() Request {
	fields := Fields{}
	if r.ImageID != "" {
		fields["image_id"] = r.ImageID
	}
	if r.EncodeFormat != "" {
		fields["encode_format"] = r.EncodeFormat
	}
	return Request{Provider: "alibaba", Operation: "pre_model_inference_asset", Fields: fields, Options: r.Options}
}

// TencentAigcImageRequest is a request that costs money when it is submitted: CreateAigcImageTask. Fields that are nil
// or empty are not sent.
type TencentAigcImageRequest struct {
	// What to draw; required if there is no reference image.
	Prompt string
	// Name of the model; default: the provider's choice.
	Model string
	// Version of the model; default: the stable version.
	ModelVersion string
	// Special scene, such as "3d_panorama" (Hunyuan).
	SceneType string
	// What the image must not show; only some models use this field.
	NegativePrompt string
	// Whether the provider may improve the prompt; default: false.
	EnhancePrompt *bool
	// Number of images; default: 1.
	Count *int64
	// Aspect ratio, such as "16:9"; depends on the model.
	AspectRatio string
	// Resolution, such as "1080P" or "2K"; depends on the model.
	Resolution string
	// Whether the image gets a mark; default: false.
	LogoAdd *bool
	// "jpeg" or "png".
	OutputFormat string
	// Further parameters of the model as a JSON object, such as {"size":"1024x1024"}.
	AdditionalParameters json.RawMessage
	// COS bucket that keeps the images; needs cos_region and the role MPS_QcsRole.
	COSBucket string
	// Region of the bucket.
	COSRegion string
	// Folder in the bucket.
	COSPath string
	// Free text that says who asks.
	OperatorName string
	// Reference images at public URLs (jpeg, png, webp); their number depends on the model.
	Images []Image
	// Options say how the library treats the job, as in Request.
	Options map[string]string
}

// Request gives the request for Submit or Fetch.
func (r TencentAigcImageRequest) Request() Request {
	fields := Fields{}
	if r.Prompt != "" {
		fields["prompt"] = r.Prompt
	}
	if r.Model != "" {
		fields["model"] = r.Model
	}
	if r.ModelVersion != "" {
		fields["model_version"] = r.ModelVersion
	}
	if r.SceneType != "" {
		fields["scene_type"] = r.SceneType
	}
	if r.NegativePrompt != "" {
		fields["negative_prompt"] = r.NegativePrompt
	}
	if r.EnhancePrompt != nil {
		fields["enhance_prompt"] = *r.EnhancePrompt
	}
	if r.Count != nil {
		fields["count"] = *r.Count
	}
	if r.AspectRatio != "" {
		fields["aspect_ratio"] = r.AspectRatio
	}
	if r.Resolution != "" {
		fields["resolution"] = r.Resolution
	}
	if r.LogoAdd != nil {
		fields["logo_add"] = *r.LogoAdd
	}
	if r.OutputFormat != "" {
		fields["output_format"] = r.OutputFormat
	}
	if len(r.AdditionalParameters) > 0 {
		fields["additional_parameters"] = r.AdditionalParameters
	}
	if r.COSBucket != "" {
		fields["cos_bucket"] = r.COSBucket
	}
	if r.COSRegion != "" {
		fields["cos_region"] = r.COSRegion
	}
	if r.COSPath != "" {
		fields["cos_path"] = r.COSPath
	}
	if r.OperatorName != "" {
		fields["operator_name"] = r.OperatorName
	}
	return Request{Provider: "tencent", Operation: "aigc_image", Fields: fields, Images: r.Images, Options: r.Options}
}

// TencentAigcImageAssetRequest fetches one image, free of charge: a plain download. Fields that are nil or empty are
// not sent.
type TencentAigcImageAssetRequest struct {
	// Result URL of an image, unchanged; the library signs only for the hosts in tencent.cos_hosts. Required.
	URL string
	// Options say how the library treats the job, as in Request.
	Options map[string]string
}

// Request gives the request for Submit or Fetch.
func (r TencentAigcImageAssetRequest) Request() Request {
	fields := Fields{}
	if r.URL != "" {
		fields["url"] = r.URL
	}
	return Request{Provider: "tencent", Operation: "aigc_image_asset", Fields: fields, Options: r.Options}
}
