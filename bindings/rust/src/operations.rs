//! Typed requests, one an operation. Tests/tools/generate.py writes this file from the library's own tables.
//! Each gives a `Request`; a field that is wrong is told by `Request`'s own error.

use crate::{Request, Result};

/// Submits Personalizedtxt2imgAddInferenceJob: one job, one bill. Build it, then pass it to the client.
pub struct AlibabaInference(Request);

impl AlibabaInference {
    /// A request with the fields that the operation needs.
    pub fn new(prompt: &str, model: &str) -> Result<AlibabaInference> {
        let mut request = Request::new("alibaba", "inference")?;
        request.set("prompt", prompt)?;
        request.set("model", model)?;
        Ok(AlibabaInference(request))
    }

    /// Number of images; the provider treats more than 10 as 10.
    pub fn count(mut self, value: i64) -> Result<AlibabaInference> {
        self.0.set("count", value)?;
        Ok(self)
    }

    /// Seed for reproducible images, -1 to 2147483647; default: the provider's choice.
    pub fn seed(mut self, value: i64) -> Result<AlibabaInference> {
        self.0.set("seed", value)?;
        Ok(self)
    }

    /// Sets how the library treats the job, as `Request::set_option` does.
    pub fn option(mut self, name: &str, value: &str) -> Result<AlibabaInference> {
        self.0.set_option(name, value)?;
        Ok(self)
    }

    /// The request, for `Client::submit` or `Client::fetch`.
    pub fn request(self) -> Request {
        self.0
    }
}

/// Submits PersonalizedTextToImageAddInferenceJob: one job, one bill. Build it, then pass it to the client.
pub struct AlibabaPreModelInference(Request);

impl AlibabaPreModelInference {
    /// A request with the fields that the operation needs.
    pub fn new(prompt: &str) -> Result<AlibabaPreModelInference> {
        let mut request = Request::new("alibaba", "pre_model_inference")?;
        request.set("prompt", prompt)?;
        Ok(AlibabaPreModelInference(request))
    }

    /// Training steps, for example 800.
    pub fn train_steps(mut self, value: i64) -> Result<AlibabaPreModelInference> {
        self.0.set("train_steps", value)?;
        Ok(self)
    }

    /// Number of images; the provider treats more than 10 as 10.
    pub fn count(mut self, value: i64) -> Result<AlibabaPreModelInference> {
        self.0.set("count", value)?;
        Ok(self)
    }

    /// Seed for reproducible images, -1 to 2147483647; default: the provider's choice.
    pub fn seed(mut self, value: i64) -> Result<AlibabaPreModelInference> {
        self.0.set("seed", value)?;
        Ok(self)
    }

    /// Weight of the reference images; documented: 0.3 to 0.8 in steps of 0.1; default: 0.5.
    pub fn strength(mut self, value: f64) -> Result<AlibabaPreModelInference> {
        self.0.set("strength", value)?;
        Ok(self)
    }

    /// Images of the subject, one or more, at public URLs.
    pub fn image(mut self, url: &str, reference_type: Option<&str>) -> Result<AlibabaPreModelInference> {
        self.0.add_image(url, reference_type)?;
        Ok(self)
    }

    /// Sets how the library treats the job, as `Request::set_option` does.
    pub fn option(mut self, name: &str, value: &str) -> Result<AlibabaPreModelInference> {
        self.0.set_option(name, value)?;
        Ok(self)
    }

    /// The request, for `Client::submit` or `Client::fetch`.
    pub fn request(self) -> Request {
        self.0
    }
}

/// Submits Personalizedtxt2imgAddModelTrainJob: one job, one bill. Build it, then pass it to the client.
pub struct AlibabaModelTrain(Request);

impl AlibabaModelTrain {
    /// A request with the fields that the operation needs.
    pub fn new(name: &str, object_type: &str) -> Result<AlibabaModelTrain> {
        let mut request = Request::new("alibaba", "model_train")?;
        request.set("name", name)?;
        request.set("object_type", object_type)?;
        Ok(AlibabaModelTrain(request))
    }

    /// Training steps, for example 800.
    pub fn train_steps(mut self, value: i64) -> Result<AlibabaModelTrain> {
        self.0.set("train_steps", value)?;
        Ok(self)
    }

    /// Images of the subject, one or more, at public URLs.
    pub fn image(mut self, url: &str, reference_type: Option<&str>) -> Result<AlibabaModelTrain> {
        self.0.add_image(url, reference_type)?;
        Ok(self)
    }

    /// Sets how the library treats the job, as `Request::set_option` does.
    pub fn option(mut self, name: &str, value: &str) -> Result<AlibabaModelTrain> {
        self.0.set_option(name, value)?;
        Ok(self)
    }

    /// The request, for `Client::submit` or `Client::fetch`.
    pub fn request(self) -> Request {
        self.0
    }
}

/// Fetches one image with Personalizedtxt2imgQueryImageAsset, free of charge. Build it, then pass it to the client.
pub struct AlibabaInferenceAsset(Request);

impl AlibabaInferenceAsset {
    /// A request with the fields that the operation needs.
    pub fn new(model_id: &str, prompt_id: &str, image_id: &str) -> Result<AlibabaInferenceAsset> {
        let mut request = Request::new("alibaba", "inference_asset")?;
        request.set("model_id", model_id)?;
        request.set("prompt_id", prompt_id)?;
        request.set("image_id", image_id)?;
        Ok(AlibabaInferenceAsset(request))
    }

    /// With "base64" the image is sent as Base64 text, otherwise as bytes. The stored image is the same.
    pub fn encode_format(mut self, value: &str) -> Result<AlibabaInferenceAsset> {
        self.0.set("encode_format", value)?;
        Ok(self)
    }

    /// Sets how the library treats the job, as `Request::set_option` does.
    pub fn option(mut self, name: &str, value: &str) -> Result<AlibabaInferenceAsset> {
        self.0.set_option(name, value)?;
        Ok(self)
    }

    /// The request, for `Client::submit` or `Client::fetch`.
    pub fn request(self) -> Request {
        self.0
    }
}

/// Fetches one image with PersonalizedTextToImageQueryImageAsset, free of charge. Build it, then pass it to the client.
pub struct AlibabaPreModelInferenceAsset(Request);

impl AlibabaPreModelInferenceAsset {
    /// A request with the fields that the operation needs.
    pub fn new(image_id: &str) -> Result<AlibabaPreModelInferenceAsset> {
        let mut request = Request::new("alibaba", "pre_model_inference_asset")?;
        request.set("image_id", image_id)?;
        Ok(AlibabaPreModelInferenceAsset(request))
    }

    /// With "base64" the image is sent as Base64 text, otherwise as bytes. The stored image is the same.
    pub fn encode_format(mut self, value: &str) -> Result<AlibabaPreModelInferenceAsset> {
        self.0.set("encode_format", value)?;
        Ok(self)
    }

    /// Sets how the library treats the job, as `Request::set_option` does.
    pub fn option(mut self, name: &str, value: &str) -> Result<AlibabaPreModelInferenceAsset> {
        self.0.set_option(name, value)?;
        Ok(self)
    }

    /// The request, for `Client::submit` or `Client::fetch`.
    pub fn request(self) -> Request {
        self.0
    }
}

/// Submits CreateAigcImageTask: one job, one bill. Build it, then pass it to the client.
pub struct TencentAigcImage(Request);

impl TencentAigcImage {
    /// A request with the fields that the operation needs.
    pub fn new() -> Result<TencentAigcImage> {
        let request = Request::new("tencent", "aigc_image")?;
        Ok(TencentAigcImage(request))
    }

    /// What to draw; required if there is no reference image.
    pub fn prompt(mut self, value: &str) -> Result<TencentAigcImage> {
        self.0.set("prompt", value)?;
        Ok(self)
    }

    /// Name of the model; default: the provider's choice.
    pub fn model(mut self, value: &str) -> Result<TencentAigcImage> {
        self.0.set("model", value)?;
        Ok(self)
    }

    /// Version of the model; default: the stable version.
    pub fn model_version(mut self, value: &str) -> Result<TencentAigcImage> {
        self.0.set("model_version", value)?;
        Ok(self)
    }

    /// Special scene, such as "3d_panorama" (Hunyuan).
    pub fn scene_type(mut self, value: &str) -> Result<TencentAigcImage> {
        self.0.set("scene_type", value)?;
        Ok(self)
    }

    /// What the image must not show; only some models use this field.
    pub fn negative_prompt(mut self, value: &str) -> Result<TencentAigcImage> {
        self.0.set("negative_prompt", value)?;
        Ok(self)
    }

    /// Whether the provider may improve the prompt; default: false.
    pub fn enhance_prompt(mut self, value: bool) -> Result<TencentAigcImage> {
        self.0.set("enhance_prompt", value)?;
        Ok(self)
    }

    /// Number of images; default: 1.
    pub fn count(mut self, value: i64) -> Result<TencentAigcImage> {
        self.0.set("count", value)?;
        Ok(self)
    }

    /// Aspect ratio, such as "16:9"; depends on the model.
    pub fn aspect_ratio(mut self, value: &str) -> Result<TencentAigcImage> {
        self.0.set("aspect_ratio", value)?;
        Ok(self)
    }

    /// Resolution, such as "1080P" or "2K"; depends on the model.
    pub fn resolution(mut self, value: &str) -> Result<TencentAigcImage> {
        self.0.set("resolution", value)?;
        Ok(self)
    }

    /// Whether the image gets a mark; default: false.
    pub fn logo_add(mut self, value: bool) -> Result<TencentAigcImage> {
        self.0.set("logo_add", value)?;
        Ok(self)
    }

    /// "jpeg" or "png".
    pub fn output_format(mut self, value: &str) -> Result<TencentAigcImage> {
        self.0.set("output_format", value)?;
        Ok(self)
    }

    /// Further parameters of the model as a JSON object, such as {"size":"1024x1024"}.
    pub fn additional_parameters(mut self, value: &str) -> Result<TencentAigcImage> {
        self.0.set_json("additional_parameters", value)?;
        Ok(self)
    }

    /// COS bucket that keeps the images; needs cos_region and the role MPS_QcsRole.
    pub fn cos_bucket(mut self, value: &str) -> Result<TencentAigcImage> {
        self.0.set("cos_bucket", value)?;
        Ok(self)
    }

    /// Region of the bucket.
    pub fn cos_region(mut self, value: &str) -> Result<TencentAigcImage> {
        self.0.set("cos_region", value)?;
        Ok(self)
    }

    /// Folder in the bucket.
    pub fn cos_path(mut self, value: &str) -> Result<TencentAigcImage> {
        self.0.set("cos_path", value)?;
        Ok(self)
    }

    /// Free text that says who asks.
    pub fn operator_name(mut self, value: &str) -> Result<TencentAigcImage> {
        self.0.set("operator_name", value)?;
        Ok(self)
    }

    /// Reference images at public URLs (jpeg, png, webp); their number depends on the model.
    pub fn image(mut self, url: &str, reference_type: Option<&str>) -> Result<TencentAigcImage> {
        self.0.add_image(url, reference_type)?;
        Ok(self)
    }

    /// Sets how the library treats the job, as `Request::set_option` does.
    pub fn option(mut self, name: &str, value: &str) -> Result<TencentAigcImage> {
        self.0.set_option(name, value)?;
        Ok(self)
    }

    /// The request, for `Client::submit` or `Client::fetch`.
    pub fn request(self) -> Request {
        self.0
    }
}

/// Fetches one image by its URL, free of charge. Build it, then pass it to the client.
pub struct TencentAigcImageAsset(Request);

impl TencentAigcImageAsset {
    /// A request with the fields that the operation needs.
    pub fn new(url: &str) -> Result<TencentAigcImageAsset> {
        let mut request = Request::new("tencent", "aigc_image_asset")?;
        request.set("url", url)?;
        Ok(TencentAigcImageAsset(request))
    }

    /// Sets how the library treats the job, as `Request::set_option` does.
    pub fn option(mut self, name: &str, value: &str) -> Result<TencentAigcImageAsset> {
        self.0.set_option(name, value)?;
        Ok(self)
    }

    /// The request, for `Client::submit` or `Client::fetch`.
    pub fn request(self) -> Request {
        self.0
    }
}
