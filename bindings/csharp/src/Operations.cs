// Tests/tools/generate.py writes this file from include/aigc.h.
namespace Aigc
{
    /// <summary>Submits Personalizedtxt2imgAddInferenceJob: one job, one bill.</summary>
    public sealed class AlibabaInference : Request
    {
        /// <summary>An empty request.</summary>
        public AlibabaInference()
            : base("alibaba", "inference")
        {
        }

        /// <summary>
        /// What to draw, in English, with the literal token &lt;special-token&gt; in place of the
        /// subject. Required.
        /// </summary>
        public string Prompt
        {
            get { return (string)Get("prompt"); }
            set { Fields["prompt"] = value; }
        }

        /// <summary>Id of the model that you have trained. Required.</summary>
        public string Model
        {
            get { return (string)Get("model"); }
            set { Fields["model"] = value; }
        }

        /// <summary>Number of images; the provider treats more than 10 as 10.</summary>
        public long? Count
        {
            get { return (long?)Get("count"); }
            set { Fields["count"] = value; }
        }

        /// <summary>Seed for reproducible images, -1 to 2147483647; default: the provider's choice.</summary>
        public long? Seed
        {
            get { return (long?)Get("seed"); }
            set { Fields["seed"] = value; }
        }
    }

    /// <summary>Submits PersonalizedTextToImageAddInferenceJob: one job, one bill.</summary>
    public sealed class AlibabaPreModelInference : Request
    {
        /// <summary>An empty request.</summary>
        public AlibabaPreModelInference()
            : base("alibaba", "pre_model_inference")
        {
        }

        /// <summary>
        /// What to draw, in English, with the literal token &lt;special-token&gt; in place of the
        /// subject. Required.
        /// </summary>
        public string Prompt
        {
            get { return (string)Get("prompt"); }
            set { Fields["prompt"] = value; }
        }

        /// <summary>Training steps, for example 800.</summary>
        public long? TrainSteps
        {
            get { return (long?)Get("train_steps"); }
            set { Fields["train_steps"] = value; }
        }

        /// <summary>Number of images; the provider treats more than 10 as 10.</summary>
        public long? Count
        {
            get { return (long?)Get("count"); }
            set { Fields["count"] = value; }
        }

        /// <summary>Seed for reproducible images, -1 to 2147483647; default: the provider's choice.</summary>
        public long? Seed
        {
            get { return (long?)Get("seed"); }
            set { Fields["seed"] = value; }
        }

        /// <summary>Weight of the reference images; documented: 0.3 to 0.8 in steps of 0.1; default: 0.5.</summary>
        public double? Strength
        {
            get { return (double?)Get("strength"); }
            set { Fields["strength"] = value; }
        }
    }

    /// <summary>Submits Personalizedtxt2imgAddModelTrainJob: one job, one bill.</summary>
    public sealed class AlibabaModelTrain : Request
    {
        /// <summary>An empty request.</summary>
        public AlibabaModelTrain()
            : base("alibaba", "model_train")
        {
        }

        /// <summary>Name of the model, for people. Required.</summary>
        public string Name
        {
            get { return (string)Get("name"); }
            set { Fields["name"] = value; }
        }

        /// <summary>What the images show, in one word: girl, person, man, boy, dog ... Required.</summary>
        public string ObjectType
        {
            get { return (string)Get("object_type"); }
            set { Fields["object_type"] = value; }
        }

        /// <summary>Training steps, for example 800.</summary>
        public long? TrainSteps
        {
            get { return (long?)Get("train_steps"); }
            set { Fields["train_steps"] = value; }
        }
    }

    /// <summary>Fetches one image with Personalizedtxt2imgQueryImageAsset, free of charge.</summary>
    public sealed class AlibabaInferenceAsset : Request
    {
        /// <summary>An empty request.</summary>
        public AlibabaInferenceAsset()
            : base("alibaba", "inference_asset")
        {
        }

        /// <summary>Id of the job's model. Required.</summary>
        public string ModelId
        {
            get { return (string)Get("model_id"); }
            set { Fields["model_id"] = value; }
        }

        /// <summary>Id of the job's prompt. Required.</summary>
        public string PromptId
        {
            get { return (string)Get("prompt_id"); }
            set { Fields["prompt_id"] = value; }
        }

        /// <summary>Id of the image, as in the job's resultImageUrl. Required.</summary>
        public string ImageId
        {
            get { return (string)Get("image_id"); }
            set { Fields["image_id"] = value; }
        }

        /// <summary>
        /// With "base64" the image is sent as Base64 text, otherwise as bytes. The stored image is the
        /// same.
        /// </summary>
        public string EncodeFormat
        {
            get { return (string)Get("encode_format"); }
            set { Fields["encode_format"] = value; }
        }
    }

    /// <summary>Fetches one image with PersonalizedTextToImageQueryImageAsset, free of charge.</summary>
    public sealed class AlibabaPreModelInferenceAsset : Request
    {
        /// <summary>An empty request.</summary>
        public AlibabaPreModelInferenceAsset()
            : base("alibaba", "pre_model_inference_asset")
        {
        }

        /// <summary>Id of the image, as in the job's resultImageUrl. Required.</summary>
        public string ImageId
        {
            get { return (string)Get("image_id"); }
            set { Fields["image_id"] = value; }
        }

        /// <summary>
        /// With "base64" the image is sent as Base64 text, otherwise as bytes. The stored image is the
        /// same.
        /// </summary>
        public string EncodeFormat
        {
            get { return (string)Get("encode_format"); }
            set { Fields["encode_format"] = value; }
        }
    }

    /// <summary>Submits CreateAigcImageTask: one job, one bill.</summary>
    public sealed class TencentAigcImage : Request
    {
        /// <summary>An empty request.</summary>
        public TencentAigcImage()
            : base("tencent", "aigc_image")
        {
        }

        /// <summary>What to draw; required if there is no reference image.</summary>
        public string Prompt
        {
            get { return (string)Get("prompt"); }
            set { Fields["prompt"] = value; }
        }

        /// <summary>Name of the model; default: the provider's choice.</summary>
        public string Model
        {
            get { return (string)Get("model"); }
            set { Fields["model"] = value; }
        }

        /// <summary>Version of the model; default: the stable version.</summary>
        public string ModelVersion
        {
            get { return (string)Get("model_version"); }
            set { Fields["model_version"] = value; }
        }

        /// <summary>Special scene, such as "3d_panorama" (Hunyuan).</summary>
        public string SceneType
        {
            get { return (string)Get("scene_type"); }
            set { Fields["scene_type"] = value; }
        }

        /// <summary>What the image must not show; only some models use this field.</summary>
        public string NegativePrompt
        {
            get { return (string)Get("negative_prompt"); }
            set { Fields["negative_prompt"] = value; }
        }

        /// <summary>Whether the provider may improve the prompt; default: false.</summary>
        public bool? EnhancePrompt
        {
            get { return (bool?)Get("enhance_prompt"); }
            set { Fields["enhance_prompt"] = value; }
        }

        /// <summary>Number of images; default: 1.</summary>
        public long? Count
        {
            get { return (long?)Get("count"); }
            set { Fields["count"] = value; }
        }

        /// <summary>Aspect ratio, such as "16:9"; depends on the model.</summary>
        public string AspectRatio
        {
            get { return (string)Get("aspect_ratio"); }
            set { Fields["aspect_ratio"] = value; }
        }

        /// <summary>Resolution, such as "1080P" or "2K"; depends on the model.</summary>
        public string Resolution
        {
            get { return (string)Get("resolution"); }
            set { Fields["resolution"] = value; }
        }

        /// <summary>Whether the image gets a mark; default: false.</summary>
        public bool? LogoAdd
        {
            get { return (bool?)Get("logo_add"); }
            set { Fields["logo_add"] = value; }
        }

        /// <summary>"jpeg" or "png".</summary>
        public string OutputFormat
        {
            get { return (string)Get("output_format"); }
            set { Fields["output_format"] = value; }
        }

        /// <summary>Further parameters of the model as a JSON object, such as {"size":"1024x1024"}.</summary>
        public Json AdditionalParameters
        {
            get { return (Json)Get("additional_parameters"); }
            set { Fields["additional_parameters"] = value; }
        }

        /// <summary>COS bucket that keeps the images; needs cos_region and the role MPS_QcsRole.</summary>
        public string CosBucket
        {
            get { return (string)Get("cos_bucket"); }
            set { Fields["cos_bucket"] = value; }
        }

        /// <summary>Region of the bucket.</summary>
        public string CosRegion
        {
            get { return (string)Get("cos_region"); }
            set { Fields["cos_region"] = value; }
        }

        /// <summary>Folder in the bucket.</summary>
        public string CosPath
        {
            get { return (string)Get("cos_path"); }
            set { Fields["cos_path"] = value; }
        }

        /// <summary>Free text that says who asks.</summary>
        public string OperatorName
        {
            get { return (string)Get("operator_name"); }
            set { Fields["operator_name"] = value; }
        }
    }

    /// <summary>Fetches one image by its URL, free of charge.</summary>
    public sealed class TencentAigcImageAsset : Request
    {
        /// <summary>An empty request.</summary>
        public TencentAigcImageAsset()
            : base("tencent", "aigc_image_asset")
        {
        }

        /// <summary>
        /// Result URL of an image, unchanged; the library signs only for the hosts in
        /// tencent.cos_hosts. Required.
        /// </summary>
        public string Url
        {
            get { return (string)Get("url"); }
            set { Fields["url"] = value; }
        }
    }
}
