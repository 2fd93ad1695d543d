internal import Core

/// Every call of the product that this library makes, and what each takes. Both families are here side by side: the one
/// of models that were trained before, and the one that takes its pictures with the call. Their job ids are not
/// exchanged.
enum AlibabaOperations {
    static let version = "20240611"
    private static let prefix = "/api/v1/personalizedtxt2img/"

    private static func post(_ action: String, _ path: String) -> OperationRow.Call {
        OperationRow.Call(action: action, method: .post, path: prefix + path)
    }

    private static func get(_ action: String, _ path: String) -> OperationRow.Call {
        OperationRow.Call(action: action, method: .get, path: prefix + path)
    }

    private static let prompt = FieldRow(
        "prompt", .string, "prompt", required: true,
        "What to draw, in English, with the literal token <special-token> in place of the subject.",
        demands: [.holds("<special-token>", "which stands for the subject of the pictures")])
    private static let count = FieldRow(
        "count", .int, "imageNumber", "Number of images; the provider treats more than 10 as 10.",
        demands: [.within(1...100)])
    private static let seed = FieldRow(
        "seed", .int, "seed", "Seed for reproducible images, -1 to 2147483647; default: the provider's choice.",
        demands: [.within(-1...2_147_483_647)])
    private static let imageID = FieldRow(
        "image_id", .string, "imageId", required: true, "Id of the image, as in the job's resultImageUrl.")
    private static let encodeFormat = FieldRow(
        "encode_format", .string, "encodeFormat",
        "With \"base64\" the image is sent as Base64 text, otherwise as bytes. The stored image is the same.")

    /// Takes the ids of model and prompt, too.
    static let trainedAsset = get("Personalizedtxt2imgQueryImageAsset", "queryImageAsset")
    private static let preModelAsset = get("PersonalizedTextToImageQueryImageAsset", "queryImageAssetFromImageId")

    /// Every call that is known by its name alone.
    static let calls: [OperationRow.Call] =
        table.rows.flatMap { [$0.call, $0.status].compactMap { $0 } } + [
            get("Personalizedtxt2imgQueryModelTrainStatus", "queryModelTrainStatus")
        ]

    static let table = RequestTable(
        AlibabaProvider.providerName,
        [
            OperationRow(
                "inference", .submit, post("Personalizedtxt2imgAddInferenceJob", "addInferenceJob"),
                status: get("Personalizedtxt2imgQueryInferenceJobInfo", "queryInferenceJobInfo"), asset: trainedAsset,
                fields: [
                    FieldRow(
                        "model", .string, "modelId", required: true, "Id of the model that you have trained."),
                    prompt, count, seed,
                ]),
            OperationRow(
                "pre_model_inference", .submit,
                post("PersonalizedTextToImageAddInferenceJob", "addPreModelInferenceJob"),
                status: get(
                    "PersonalizedTextToImageQueryPreModelInferenceJobInfo", "queryPreModelInferenceJobInfo"),
                asset: preModelAsset,
                fields: [
                    FieldRow(
                        "image_urls", .imageURL, "imageUrl", required: true, as: .images(url: nil, referenceType: nil),
                        "Images of the subject, one or more, at public URLs."),
                    prompt,
                    FieldRow("train_steps", .int, "trainSteps", "Training steps, for example 800."),
                    count, seed,
                    FieldRow(
                        "strength", .double, "strength",
                        "Weight of the reference images; documented: 0.3 to 0.8 in steps of 0.1; default: 0.5."),
                ]),
            OperationRow(
                "model_train", .submit, post("Personalizedtxt2imgAddModelTrainJob", "addModelTrainJob"),
                status: get("Personalizedtxt2imgQueryModelTrainJobList", "queryModelTrainJobList"), makesModel: true,
                fields: [
                    FieldRow("name", .string, "name", required: true, "Name of the model, for people."),
                    FieldRow(
                        "object_type", .string, "objectType", required: true,
                        "What the images show, in one word: girl, person, man, boy, dog ..."),
                    FieldRow(
                        "image_urls", .imageURL, "imageUrl", required: true, as: .images(url: nil, referenceType: nil),
                        "Images of the subject, one or more, at public URLs."),
                    FieldRow("train_steps", .int, "trainSteps", "Training steps, for example 800."),
                ]),
            OperationRow(
                "inference_asset", .fetch, trainedAsset,
                fields: [
                    FieldRow("model_id", .string, "modelId", required: true, "Id of the job's model."),
                    FieldRow("prompt_id", .string, "promptId", required: true, "Id of the job's prompt."),
                    imageID, encodeFormat,
                ]),
            OperationRow(
                "pre_model_inference_asset", .fetch, preModelAsset, fields: [imageID, encodeFormat]),
        ])
}
