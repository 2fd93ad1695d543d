package aigc;

import java.time.Duration;

/** The operations of Tencent. Tests/tools/generate.py writes this file from operations.json. */
public final class Tencent {
    private Tencent() {}

    /** Submits CreateAigcImageTask: one job, one bill. */
    public static final class AigcImage extends Request {
        /** An empty request. */
        public AigcImage() {
            super("tencent", "aigc_image");
        }

        /**
         * What to draw; required if there is no reference image.
         *
         * @param value the value
         * @return this
         */
        public AigcImage prompt(String value) {
            set("prompt", value);
            return this;
        }

        /**
         * Name of the model; default: the provider's choice.
         *
         * @param value the value
         * @return this
         */
        public AigcImage model(String value) {
            set("model", value);
            return this;
        }

        /**
         * Version of the model; default: the stable version.
         *
         * @param value the value
         * @return this
         */
        public AigcImage modelVersion(String value) {
            set("model_version", value);
            return this;
        }

        /**
         * Special scene, such as "3d_panorama" (Hunyuan).
         *
         * @param value the value
         * @return this
         */
        public AigcImage sceneType(String value) {
            set("scene_type", value);
            return this;
        }

        /**
         * What the image must not show; only some models use this field.
         *
         * @param value the value
         * @return this
         */
        public AigcImage negativePrompt(String value) {
            set("negative_prompt", value);
            return this;
        }

        /**
         * Whether the provider may improve the prompt; default: false.
         *
         * @param value the value
         * @return this
         */
        public AigcImage enhancePrompt(boolean value) {
            set("enhance_prompt", value);
            return this;
        }

        /**
         * Number of images; default: 1.
         *
         * @param value the value
         * @return this
         */
        public AigcImage count(long value) {
            set("count", value);
            return this;
        }

        /**
         * Aspect ratio, such as "16:9"; depends on the model.
         *
         * @param value the value
         * @return this
         */
        public AigcImage aspectRatio(String value) {
            set("aspect_ratio", value);
            return this;
        }

        /**
         * Resolution, such as "1080P" or "2K"; depends on the model.
         *
         * @param value the value
         * @return this
         */
        public AigcImage resolution(String value) {
            set("resolution", value);
            return this;
        }

        /**
         * Whether the image gets a mark; default: false.
         *
         * @param value the value
         * @return this
         */
        public AigcImage logoAdd(boolean value) {
            set("logo_add", value);
            return this;
        }

        /**
         * "jpeg" or "png".
         *
         * @param value the value
         * @return this
         */
        public AigcImage outputFormat(String value) {
            set("output_format", value);
            return this;
        }

        /**
         * Further parameters of the model as a JSON object, such as {"size":"1024x1024"}.
         *
         * @param value the value
         * @return this
         */
        public AigcImage additionalParameters(String value) {
            json("additional_parameters", value);
            return this;
        }

        /**
         * COS bucket that keeps the images; needs cos_region and the role MPS_QcsRole.
         *
         * @param value the value
         * @return this
         */
        public AigcImage cosBucket(String value) {
            set("cos_bucket", value);
            return this;
        }

        /**
         * Region of the bucket.
         *
         * @param value the value
         * @return this
         */
        public AigcImage cosRegion(String value) {
            set("cos_region", value);
            return this;
        }

        /**
         * Folder in the bucket.
         *
         * @param value the value
         * @return this
         */
        public AigcImage cosPath(String value) {
            set("cos_path", value);
            return this;
        }

        /**
         * Free text that says who asks.
         *
         * @param value the value
         * @return this
         */
        public AigcImage operatorName(String value) {
            set("operator_name", value);
            return this;
        }

        @Override
        public AigcImage key(String key) {
            super.key(key);
            return this;
        }

        @Override
        public AigcImage hold(boolean hold) {
            super.hold(hold);
            return this;
        }

        @Override
        public AigcImage follow(boolean follow) {
            super.follow(follow);
            return this;
        }

        @Override
        public AigcImage deadline(Duration deadline) {
            super.deadline(deadline);
            return this;
        }

        @Override
        public AigcImage option(String name, String value) {
            super.option(name, value);
            return this;
        }

        @Override
        public AigcImage imageUrl(String url) {
            super.imageUrl(url);
            return this;
        }

        @Override
        public AigcImage imageUrl(String url, String referenceType) {
            super.imageUrl(url, referenceType);
            return this;
        }
    }

    /** Fetches one image by its URL, free of charge. */
    public static final class AigcImageAsset extends Request {
        /** An empty request. */
        public AigcImageAsset() {
            super("tencent", "aigc_image_asset");
        }

        /**
         * Result URL of an image, unchanged; the library signs only for the hosts in tencent.cos_hosts.
         *
         * @param value the value; required
         * @return this
         */
        public AigcImageAsset url(String value) {
            set("url", value);
            return this;
        }
    }
}
