package aigc;

import java.time.Duration;

/** The operations of Alibaba. Tests/tools/generate.py writes this file from operations.json. */
public final class Alibaba {
    private Alibaba() {}

    /** Submits Personalizedtxt2imgAddInferenceJob: one job, one bill. */
    public static final class Inference extends Request {
        /** An empty request. */
        public Inference() {
            super("alibaba", "inference");
        }

        /**
         * What to draw, in English, with the literal token &lt;special-token&gt; in place of the subject.
         *
         * @param value the value; required
         * @return this
         */
        public Inference prompt(String value) {
            set("prompt", value);
            return this;
        }

        /**
         * Id of the model that you have trained.
         *
         * @param value the value; required
         * @return this
         */
        public Inference model(String value) {
            set("model", value);
            return this;
        }

        /**
         * Number of images; the provider treats more than 10 as 10.
         *
         * @param value the value
         * @return this
         */
        public Inference count(long value) {
            set("count", value);
            return this;
        }

        /**
         * Seed for reproducible images, -1 to 2147483647; default: the provider's choice.
         *
         * @param value the value
         * @return this
         */
        public Inference seed(long value) {
            set("seed", value);
            return this;
        }

        @Override
        public Inference key(String key) {
            super.key(key);
            return this;
        }

        @Override
        public Inference hold(boolean hold) {
            super.hold(hold);
            return this;
        }

        @Override
        public Inference follow(boolean follow) {
            super.follow(follow);
            return this;
        }

        @Override
        public Inference deadline(Duration deadline) {
            super.deadline(deadline);
            return this;
        }

        @Override
        public Inference option(String name, String value) {
            super.option(name, value);
            return this;
        }
    }

    /** Submits PersonalizedTextToImageAddInferenceJob: one job, one bill. */
    public static final class PreModelInference extends Request {
        /** An empty request. */
        public PreModelInference() {
            super("alibaba", "pre_model_inference");
        }

        /**
         * What to draw, in English, with the literal token &lt;special-token&gt; in place of the subject.
         *
         * @param value the value; required
         * @return this
         */
        public PreModelInference prompt(String value) {
            set("prompt", value);
            return this;
        }

        /**
         * Training steps, for example 800.
         *
         * @param value the value
         * @return this
         */
        public PreModelInference trainSteps(long value) {
            set("train_steps", value);
            return this;
        }

        /**
         * Number of images; the provider treats more than 10 as 10.
         *
         * @param value the value
         * @return this
         */
        public PreModelInference count(long value) {
            set("count", value);
            return this;
        }

        /**
         * Seed for reproducible images, -1 to 2147483647; default: the provider's choice.
         *
         * @param value the value
         * @return this
         */
        public PreModelInference seed(long value) {
            set("seed", value);
            return this;
        }

        /**
         * Weight of the reference images; documented: 0.3 to 0.8 in steps of 0.1; default: 0.5.
         *
         * @param value the value
         * @return this
         */
        public PreModelInference strength(double value) {
            set("strength", value);
            return this;
        }

        /**
         * The same, as a float.
         *
         * @param value the value
         * @return this
         */
        public PreModelInference strength(float value) {
            set("strength", value);
            return this;
        }

        @Override
        public PreModelInference key(String key) {
            super.key(key);
            return this;
        }

        @Override
        public PreModelInference hold(boolean hold) {
            super.hold(hold);
            return this;
        }

        @Override
        public PreModelInference follow(boolean follow) {
            super.follow(follow);
            return this;
        }

        @Override
        public PreModelInference deadline(Duration deadline) {
            super.deadline(deadline);
            return this;
        }

        @Override
        public PreModelInference option(String name, String value) {
            super.option(name, value);
            return this;
        }

        @Override
        public PreModelInference imageUrl(String url) {
            super.imageUrl(url);
            return this;
        }

        @Override
        public PreModelInference imageUrl(String url, String referenceType) {
            super.imageUrl(url, referenceType);
            return this;
        }
    }

    /** Submits Personalizedtxt2imgAddModelTrainJob: one job, one bill. */
    public static final class ModelTrain extends Request {
        /** An empty request. */
        public ModelTrain() {
            super("alibaba", "model_train");
        }

        /**
         * Name of the model, for people.
         *
         * @param value the value; required
         * @return this
         */
        public ModelTrain name(String value) {
            set("name", value);
            return this;
        }

        /**
         * What the images show, in one word: girl, person, man, boy, dog ...
         *
         * @param value the value; required
         * @return this
         */
        public ModelTrain objectType(String value) {
            set("object_type", value);
            return this;
        }

        /**
         * Training steps, for example 800.
         *
         * @param value the value
         * @return this
         */
        public ModelTrain trainSteps(long value) {
            set("train_steps", value);
            return this;
        }

        @Override
        public ModelTrain key(String key) {
            super.key(key);
            return this;
        }

        @Override
        public ModelTrain hold(boolean hold) {
            super.hold(hold);
            return this;
        }

        @Override
        public ModelTrain follow(boolean follow) {
            super.follow(follow);
            return this;
        }

        @Override
        public ModelTrain deadline(Duration deadline) {
            super.deadline(deadline);
            return this;
        }

        @Override
        public ModelTrain option(String name, String value) {
            super.option(name, value);
            return this;
        }

        @Override
        public ModelTrain imageUrl(String url) {
            super.imageUrl(url);
            return this;
        }

        @Override
        public ModelTrain imageUrl(String url, String referenceType) {
            super.imageUrl(url, referenceType);
            return this;
        }
    }

    /** Fetches one image with Personalizedtxt2imgQueryImageAsset, free of charge. */
    public static final class InferenceAsset extends Request {
        /** An empty request. */
        public InferenceAsset() {
            super("alibaba", "inference_asset");
        }

        /**
         * Id of the job's model.
         *
         * @param value the value; required
         * @return this
         */
        public InferenceAsset modelId(String value) {
            set("model_id", value);
            return this;
        }

        /**
         * Id of the job's prompt.
         *
         * @param value the value; required
         * @return this
         */
        public InferenceAsset promptId(String value) {
            set("prompt_id", value);
            return this;
        }

        /**
         * Id of the image, as in the job's resultImageUrl.
         *
         * @param value the value; required
         * @return this
         */
        public InferenceAsset imageId(String value) {
            set("image_id", value);
            return this;
        }

        /**
         * With "base64" the image is sent as Base64 text, otherwise as bytes. The stored image is the same.
         *
         * @param value the value
         * @return this
         */
        public InferenceAsset encodeFormat(String value) {
            set("encode_format", value);
            return this;
        }
    }

    /** Fetches one image with PersonalizedTextToImageQueryImageAsset, free of charge. */
    public static final class PreModelInferenceAsset extends Request {
        /** An empty request. */
        public PreModelInferenceAsset() {
            super("alibaba", "pre_model_inference_asset");
        }

        /**
         * Id of the image, as in the job's resultImageUrl.
         *
         * @param value the value; required
         * @return this
         */
        public PreModelInferenceAsset imageId(String value) {
            set("image_id", value);
            return this;
        }

        /**
         * With "base64" the image is sent as Base64 text, otherwise as bytes. The stored image is the same.
         *
         * @param value the value
         * @return this
         */
        public PreModelInferenceAsset encodeFormat(String value) {
            set("encode_format", value);
            return this;
        }
    }
}
