internal import Core

/// Every call of the product that this library makes, and what each takes. Mainland and international site are the same
/// here.
enum TencentOperations {
    static let version = "2019-06-12"
    /// The name in the credential scope, whatever the host is called.
    static let service = "mps"

    private static func post(_ action: String) -> OperationRow.Call {
        OperationRow.Call(action: action, method: .post, path: "/")
    }

    static let table = RequestTable(
        TencentProvider.providerName,
        [
            OperationRow(
                "aigc_image", .submit, post("CreateAigcImageTask"), status: post("DescribeAigcImageTask"),
                fields: imageFields,
                rules: [
                    .oneOf(["prompt", "image_urls"]),
                    .together(object: "StoreCosParam", needs: ["cos_bucket", "cos_region"]),
                ]),
            OperationRow(
                "aigc_image_asset", .fetch, OperationRow.Call(action: "GET", method: .get, path: ""),
                fields: [
                    FieldRow(
                        "url", .string, "url", required: true,
                        "Result URL of an image, unchanged; the library signs only for the hosts in tencent.cos_hosts.")
                ]),
        ])

    private static let imageFields = [
        FieldRow("model", .string, "ModelName", "Name of the model; default: the provider's choice."),
        FieldRow("model_version", .string, "ModelVersion", "Version of the model; default: the stable version."),
        FieldRow("scene_type", .string, "SceneType", "Special scene, such as \"3d_panorama\" (Hunyuan)."),
        FieldRow("prompt", .string, "Prompt", "What to draw; required if there is no reference image."),
        FieldRow(
            "negative_prompt", .string, "NegativePrompt",
            "What the image must not show; only some models use this field."),
        FieldRow(
            "enhance_prompt", .bool, "EnhancePrompt", "Whether the provider may improve the prompt; default: false."),
        FieldRow(
            "image_urls", .imageURL, "ImageInfos", as: .images(url: "ImageUrl", referenceType: "ReferenceType"),
            "Reference images at public URLs (jpeg, png, webp); their number depends on the model."),
        FieldRow("count", .int, "OutputImageCount", "Number of images; default: 1.", demands: [.within(1...100)]),
        FieldRow(
            "aspect_ratio", .string, "ExtraParameters.AspectRatio",
            "Aspect ratio, such as \"16:9\"; depends on the model."),
        FieldRow(
            "resolution", .string, "ExtraParameters.Resolution",
            "Resolution, such as \"1080P\" or \"2K\"; depends on the model."),
        FieldRow(
            "logo_add", .bool, "ExtraParameters.LogoAdd", as: .number, "Whether the image gets a mark; default: false."),
        FieldRow(
            "output_format", .string, "ExtraParameters.OutputFormat", "\"jpeg\" or \"png\".",
            demands: [.oneOf(["jpeg", "png"])]),
        FieldRow(
            "additional_parameters", .json, "AdditionalParameters", as: .text,
            "Further parameters of the model as a JSON object, such as {\"size\":\"1024x1024\"}."),
        FieldRow(
            "cos_bucket", .string, "StoreCosParam.CosBucketName",
            "COS bucket that keeps the images; needs cos_region and the role MPS_QcsRole."),
        FieldRow("cos_region", .string, "StoreCosParam.CosBucketRegion", "Region of the bucket."),
        FieldRow("cos_path", .string, "StoreCosParam.CosBucketPath", "Folder in the bucket."),
        FieldRow("operator_name", .string, "Operator", "Free text that says who asks."),
    ]
}
