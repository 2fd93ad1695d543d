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
                        "Result URL of an image, as it was given; signed for only at a host of tencent.cos_hosts.")
                ]),
        ])

    private static let imageFields = [
        FieldRow("model", .string, "ModelName", "Name of the model; the provider picks one otherwise."),
        FieldRow("model_version", .string, "ModelVersion", "Version of the model; its stable one otherwise."),
        FieldRow("scene_type", .string, "SceneType", "Special scene, such as \"3d_panorama\" (Hunyuan)."),
        FieldRow("prompt", .string, "Prompt", "What to draw. Required where no reference image is given."),
        FieldRow("negative_prompt", .string, "NegativePrompt", "What is not to be seen; some models only."),
        FieldRow("enhance_prompt", .bool, "EnhancePrompt", "Lets the provider improve the prompt; false otherwise."),
        FieldRow(
            "image_urls", .imageURL, "ImageInfos", as: .images(url: "ImageUrl", referenceType: "ReferenceType"),
            "Reference images at public URLs (jpeg, png, webp); how many depends on the model."),
        FieldRow("count", .int, "OutputImageCount", "How many images; 1 otherwise.", demands: [.within(1...100)]),
        FieldRow("aspect_ratio", .string, "ExtraParameters.AspectRatio", "Such as \"16:9\"; depends on the model."),
        FieldRow(
            "resolution", .string, "ExtraParameters.Resolution", "Such as \"1080P\" or \"2K\"; depends on the model."),
        FieldRow(
            "logo_add", .bool, "ExtraParameters.LogoAdd", as: .number, "Puts a mark on the image; false otherwise."),
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
        FieldRow("operator_name", .string, "Operator", "Free text: who asks."),
    ]
}
