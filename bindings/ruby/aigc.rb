# frozen_string_literal: true

# libaigc for Ruby, in one file: image-generation jobs on Alibaba Cloud and Tencent Cloud. Needs Ruby 3.0 or newer with
# fiddle, and libaigc.so.1 (AIGC_LIBRARY names another file). The manual is include/aigc.h;
# bindings/ruby/examples/generate.rb shows the way.
#
#   client = Aigc::Client.new
#   job = client.tencent.aigc_image(prompt: "a cat in the snow").wait
#   job.assets.each { |asset| puts job.download(asset.index, "cat-#{asset.index}.*").wait.path }
#
# Threads: every object may be used from any thread. fork: a child that inherits a client may only free it; everything
# else raises Aigc::CallError (FORKED). Make a client in each worker of a preforking server, after the fork. The garbage
# collector and the end of the process only free handles: an accepted job keeps running and can be attached from its token.

require "fiddle"
require "json"

module Aigc
  # The C interface, as the header declares it.
  module Native
    extend Fiddle

    VOID = Fiddle::TYPE_VOID
    VOIDP = Fiddle::TYPE_VOIDP
    INT = Fiddle::TYPE_INT
    LONG_LONG = Fiddle::TYPE_LONG_LONG
    SIZE_T = Fiddle::TYPE_SIZE_T
    DOUBLE = Fiddle::TYPE_DOUBLE

    # generated: declarations (Tests/tools/generate.py)
    OK = 0
    E_INVALID_ARGUMENT = 100
    E_WRONG_STATE = 101
    E_FORKED = 102
    E_CLOSED = 103
    E_KEY_CONFLICT = 104
    E_TIMEOUT = 200
    E_CANCELLED = 201
    E_DEADLINE = 202
    E_NETWORK = 300
    E_TLS = 301
    E_ADDRESS_REFUSED = 302
    E_BAD_RESPONSE = 303
    E_NO_CREDENTIALS = 400
    E_AUTH = 401
    E_PERMISSION = 402
    E_BILLING = 403
    E_THROTTLED = 404
    E_CLOCK = 405
    E_REQUEST_REFUSED = 500
    E_CONTENT_REFUSED = 501
    E_NOT_FOUND = 502
    E_JOB_FAILED = 503
    E_PROVIDER = 504
    E_OUTCOME_UNKNOWN = 600
    E_EXPIRED = 700
    E_NOT_AN_IMAGE = 701
    E_CORRUPT = 702
    E_TOO_LARGE = 703
    E_FILE = 800
    E_FILE_EXISTS = 801
    E_NO_SPACE = 802
    E_NO_RESOURCES = 803
    E_JOURNAL = 804
    E_INTERNAL = 900
    OUTCOME_NONE = 0
    OUTCOME_NOT_SENT = 1
    OUTCOME_UNKNOWN = 2
    OUTCOME_ACCEPTED = 3
    STATE_NONE = 0
    STATE_QUEUED = 1
    STATE_SUBMITTING = 2
    STATE_PENDING = 3
    STATE_RUNNING = 4
    STATE_SUCCEEDED = 5
    STATE_FAILED = 6
    STATE_CANCELLED = 7
    STATE_UNKNOWN = 8
    EVENT_NONE = 0
    EVENT_JOB_STATE = 1
    EVENT_JOB_ACCEPTED = 2
    EVENT_JOB_REFRESHED = 3
    EVENT_JOB_PROGRESS = 4
    EVENT_JOB_DONE = 5
    EVENT_CREDENTIALS_NEEDED = 6
    EVENT_WARNING = 7
    EVENT_LOG = 8
    EVENT_JOB_READY = 9
    LOG_NONE = 0
    LOG_ERROR = 1
    LOG_WARNING = 2
    LOG_INFO = 3
    LOG_DEBUG = 4
    VERSION_MAJOR = 1
    VERSION_MINOR = 2
    VERSION_PATCH = 0
    FOREVER = -1
    ALIBABA = "alibaba"
    TENCENT = "tencent"
    ALIBABA_INFERENCE = "inference"
    ALIBABA_PRE_MODEL_INFERENCE = "pre_model_inference"
    ALIBABA_MODEL_TRAIN = "model_train"
    TENCENT_IMAGE = "aigc_image"
    ALIBABA_INFERENCE_ASSET = "inference_asset"
    ALIBABA_PRE_MODEL_INFERENCE_ASSET = "pre_model_inference_asset"
    TENCENT_IMAGE_ASSET = "aigc_image_asset"

    STATUS_NAMES = {
      0 => "AIGC_OK",
      100 => "AIGC_E_INVALID_ARGUMENT",
      101 => "AIGC_E_WRONG_STATE",
      102 => "AIGC_E_FORKED",
      103 => "AIGC_E_CLOSED",
      104 => "AIGC_E_KEY_CONFLICT",
      200 => "AIGC_E_TIMEOUT",
      201 => "AIGC_E_CANCELLED",
      202 => "AIGC_E_DEADLINE",
      300 => "AIGC_E_NETWORK",
      301 => "AIGC_E_TLS",
      302 => "AIGC_E_ADDRESS_REFUSED",
      303 => "AIGC_E_BAD_RESPONSE",
      400 => "AIGC_E_NO_CREDENTIALS",
      401 => "AIGC_E_AUTH",
      402 => "AIGC_E_PERMISSION",
      403 => "AIGC_E_BILLING",
      404 => "AIGC_E_THROTTLED",
      405 => "AIGC_E_CLOCK",
      500 => "AIGC_E_REQUEST_REFUSED",
      501 => "AIGC_E_CONTENT_REFUSED",
      502 => "AIGC_E_NOT_FOUND",
      503 => "AIGC_E_JOB_FAILED",
      504 => "AIGC_E_PROVIDER",
      600 => "AIGC_E_OUTCOME_UNKNOWN",
      700 => "AIGC_E_EXPIRED",
      701 => "AIGC_E_NOT_AN_IMAGE",
      702 => "AIGC_E_CORRUPT",
      703 => "AIGC_E_TOO_LARGE",
      800 => "AIGC_E_FILE",
      801 => "AIGC_E_FILE_EXISTS",
      802 => "AIGC_E_NO_SPACE",
      803 => "AIGC_E_NO_RESOURCES",
      804 => "AIGC_E_JOURNAL",
      900 => "AIGC_E_INTERNAL",
    }.freeze

    # name: [result, parameters]
    FUNCTIONS = {
      aigc_version_number: [INT, []],
      aigc_version_string: [VOIDP, []],
      aigc_build_info: [VOIDP, []],
      aigc_status_name: [VOIDP, [INT]],
      aigc_status_text: [VOIDP, [INT]],
      aigc_status_at: [INT, [SIZE_T, VOIDP]],
      aigc_error_status: [INT, [VOIDP]],
      aigc_error_message: [VOIDP, [VOIDP]],
      aigc_error_provider_code: [VOIDP, [VOIDP]],
      aigc_error_provider_message: [VOIDP, [VOIDP]],
      aigc_error_request_id: [VOIDP, [VOIDP]],
      aigc_error_http_status: [INT, [VOIDP]],
      aigc_error_retryable: [INT, [VOIDP]],
      aigc_error_retry_after_ms: [LONG_LONG, [VOIDP]],
      aigc_error_outcome: [INT, [VOIDP]],
      aigc_error_field: [VOIDP, [VOIDP]],
      aigc_error_free: [VOID, [VOIDP]],
      aigc_config_new: [INT, [VOIDP, VOIDP]],
      aigc_config_set: [INT, [VOIDP, VOIDP, VOIDP, VOIDP]],
      aigc_config_get: [VOIDP, [VOIDP, VOIDP]],
      aigc_config_describe: [INT, [SIZE_T, VOIDP, VOIDP, VOIDP, VOIDP]],
      aigc_config_report: [INT, [VOIDP, VOIDP, VOIDP]],
      aigc_config_free: [VOID, [VOIDP]],
      aigc_operation_at: [INT, [SIZE_T, VOIDP, VOIDP, VOIDP, VOIDP]],
      aigc_request_describe: [INT, [VOIDP, VOIDP, SIZE_T, VOIDP, VOIDP, VOIDP, VOIDP, VOIDP]],
      aigc_request_new: [INT, [VOIDP, VOIDP, VOIDP, VOIDP]],
      aigc_request_set_string: [INT, [VOIDP, VOIDP, VOIDP, VOIDP]],
      aigc_request_set_int: [INT, [VOIDP, VOIDP, LONG_LONG, VOIDP]],
      aigc_request_set_double: [INT, [VOIDP, VOIDP, DOUBLE, VOIDP]],
      aigc_request_set_bool: [INT, [VOIDP, VOIDP, INT, VOIDP]],
      aigc_request_set_json: [INT, [VOIDP, VOIDP, VOIDP, VOIDP]],
      aigc_request_add_image_url: [INT, [VOIDP, VOIDP, VOIDP, VOIDP]],
      aigc_request_set_option: [INT, [VOIDP, VOIDP, VOIDP, VOIDP]],
      aigc_request_free: [VOID, [VOIDP]],
      aigc_client_new: [INT, [VOIDP, VOIDP, VOIDP]],
      aigc_client_close: [VOID, [VOIDP, LONG_LONG]],
      aigc_client_free: [VOID, [VOIDP]],
      aigc_client_set_credentials: [INT, [VOIDP, VOIDP, VOIDP, VOIDP, VOIDP, LONG_LONG, VOIDP]],
      aigc_client_report: [INT, [VOIDP, VOIDP, VOIDP]],
      aigc_client_stats: [INT, [VOIDP, VOIDP, VOIDP]],
      aigc_client_submit: [INT, [VOIDP, VOIDP, VOIDP, VOIDP]],
      aigc_client_attach: [INT, [VOIDP, VOIDP, INT, VOIDP, VOIDP]],
      aigc_client_attach_id: [INT, [VOIDP, VOIDP, VOIDP, VOIDP, INT, VOIDP, VOIDP]],
      aigc_client_attach_key: [INT, [VOIDP, VOIDP, INT, VOIDP, VOIDP]],
      aigc_client_resume: [INT, [VOIDP, INT, VOIDP, VOIDP]],
      aigc_client_fetch: [INT, [VOIDP, VOIDP, VOIDP, VOIDP, VOIDP]],
      aigc_client_call: [INT, [VOIDP, VOIDP, VOIDP, VOIDP, INT, VOIDP, VOIDP]],
      aigc_client_event_fd: [INT, [VOIDP]],
      aigc_client_next_event: [INT, [VOIDP, LONG_LONG, VOIDP, VOIDP]],
      aigc_client_dispatch: [INT, [VOIDP, LONG_LONG, VOIDP, VOIDP, VOIDP, VOIDP]],
      aigc_client_wake: [VOID, [VOIDP]],
      aigc_state_name: [VOIDP, [INT]],
      aigc_job_id: [-LONG_LONG, [VOIDP]],
      aigc_job_remote_id: [VOIDP, [VOIDP]],
      aigc_job_token: [VOIDP, [VOIDP]],
      aigc_job_key: [VOIDP, [VOIDP]],
      aigc_job_state: [INT, [VOIDP]],
      aigc_job_outcome: [INT, [VOIDP]],
      aigc_job_progress: [DOUBLE, [VOIDP]],
      aigc_job_bytes: [VOID, [VOIDP, VOIDP, VOIDP]],
      aigc_job_provider: [VOIDP, [VOIDP]],
      aigc_job_operation: [VOIDP, [VOIDP]],
      aigc_job_provider_state: [VOIDP, [VOIDP]],
      aigc_job_provider_response: [VOIDP, [VOIDP]],
      aigc_job_request_id: [VOIDP, [VOIDP]],
      aigc_job_wait: [INT, [VOIDP, LONG_LONG, VOIDP]],
      aigc_job_refresh: [INT, [VOIDP, LONG_LONG, VOIDP]],
      aigc_job_set_follow: [INT, [VOIDP, INT, VOIDP]],
      aigc_job_set_deadline_ms: [INT, [VOIDP, LONG_LONG, VOIDP]],
      aigc_job_set_trace: [INT, [VOIDP, VOIDP, VOIDP, VOIDP]],
      aigc_job_release: [INT, [VOIDP, VOIDP]],
      aigc_job_cancel: [VOID, [VOIDP]],
      aigc_job_error: [INT, [VOIDP, VOIDP]],
      aigc_job_result_id: [VOIDP, [VOIDP]],
      aigc_job_asset_count: [SIZE_T, [VOIDP]],
      aigc_job_asset_id: [VOIDP, [VOIDP, SIZE_T]],
      aigc_job_asset_url: [VOIDP, [VOIDP, SIZE_T]],
      aigc_job_asset_expires_at_ms: [LONG_LONG, [VOIDP, SIZE_T]],
      aigc_job_download: [INT, [VOIDP, SIZE_T, VOIDP, VOIDP, VOIDP]],
      aigc_job_path: [VOIDP, [VOIDP]],
      aigc_job_content_type: [VOIDP, [VOIDP]],
      aigc_job_take_buffer: [INT, [VOIDP, VOIDP, VOIDP]],
      aigc_job_set_user_data: [VOID, [VOIDP, VOIDP]],
      aigc_job_user_data: [VOIDP, [VOIDP]],
      aigc_job_ref: [VOIDP, [VOIDP]],
      aigc_job_free: [VOID, [VOIDP]],
      aigc_event_type: [INT, [VOIDP]],
      aigc_event_job: [VOIDP, [VOIDP]],
      aigc_event_job_id: [-LONG_LONG, [VOIDP]],
      aigc_event_state: [INT, [VOIDP]],
      aigc_event_status: [INT, [VOIDP]],
      aigc_event_provider: [VOIDP, [VOIDP]],
      aigc_event_message: [VOIDP, [VOIDP]],
      aigc_event_level: [INT, [VOIDP]],
      aigc_event_fields: [VOIDP, [VOIDP]],
      aigc_event_free: [VOID, [VOIDP]],
      aigc_buffer_data: [VOIDP, [VOIDP]],
      aigc_buffer_size: [SIZE_T, [VOIDP]],
      aigc_buffer_content_type: [VOIDP, [VOIDP]],
      aigc_buffer_free: [VOID, [VOIDP]],
      aigc_journal_list: [INT, [VOIDP, VOIDP, VOIDP, VOIDP, VOIDP]],
      aigc_journal_resolve: [INT, [VOIDP, VOIDP, INT, VOIDP, VOIDP]],
      aigc_journal_prune: [INT, [VOIDP, LONG_LONG, VOIDP, VOIDP]],
      aigc_journal_check: [INT, [VOIDP, VOIDP, VOIDP]],
    }.freeze
    # end of generated

    LIBRARY = begin
      Fiddle.dlopen(ENV.fetch("AIGC_LIBRARY", "libaigc.so.1"))
    rescue Fiddle::DLError => e
      raise LoadError, "libaigc.so.1 cannot be loaded (#{e.message}): install libaigc, or set AIGC_LIBRARY to its path"
    end

    FUNCTIONS.each do |name, (result, parameters)|
      function = Fiddle::Function.new(LIBRARY[name.to_s], parameters, result)
      define_singleton_method(name) { |*arguments| function.call(*arguments) }
    rescue Fiddle::DLError
      raise LoadError, "#{name} is missing in libaigc: this file needs version #{VERSION_MAJOR}.#{VERSION_MINOR}"
    end

    number = aigc_version_number
    unless number / 1_000_000 == VERSION_MAJOR && number / 1_000 % 1_000 >= VERSION_MINOR
      raise LoadError,
            "libaigc is #{aigc_version_string}, and #{VERSION_MAJOR}.#{VERSION_MINOR} or a newer #{VERSION_MAJOR}.x is needed"
    end

    # The text behind a pointer, or nil. It is copied.
    def self.text(pointer)
      return nil if pointer.null?

      pointer.to_s.force_encoding(Encoding::UTF_8)
    end

    # What has a text of its own: an object's to_s may be another one in the next process, and a key would be paid again.
    def self.plain(value, what)
      case value
      when String, Symbol, Numeric, true, false then value.to_s
      else
        return value.to_str if value.respond_to?(:to_str)
        return value.to_path if value.respond_to?(:to_path)
        return value.to_s if defined?(URI::Generic) && value.is_a?(URI::Generic)

        raise CallError.here(E_INVALID_ARGUMENT, "#{what} is a #{value.class}, not a string", what)
      end
    end

    # A string as the library takes it: UTF-8 without a NUL.
    def self.string(value, what)
      return nil if value.nil?

      text = plain(value, what).encode(Encoding::UTF_8)
      raise CallError.here(E_INVALID_ARGUMENT, "#{what} has a NUL byte in it", what) if text.include?("\0")

      text
    rescue EncodingError
      raise CallError.here(E_INVALID_ARGUMENT, "#{what} is no text in UTF-8", what)
    end

    # Seconds as the library's milliseconds, rounded up. Infinity, and what does not fit, is for ever and never 0.
    def self.milliseconds(seconds, what)
      unless seconds >= 0 # not so for NaN
        raise CallError.here(E_INVALID_ARGUMENT, "#{what} is #{seconds}: give seconds from 0 on", what)
      end

      seconds < (2**63 - 1) / 1000 ? (seconds * 1000).ceil : 2**63 - 1
    end

    # The seconds of a wait, of which what is below 0 is over.
    def self.wait_of(seconds)
      milliseconds(seconds.negative? ? 0 : seconds, "timeout") / 1000.0
    end

    # Where a function can put a pointer.
    def self.place
      place = Fiddle::Pointer.malloc(Fiddle::SIZEOF_VOIDP, Fiddle::RUBY_FREE)
      place[0, Fiddle::SIZEOF_VOIDP] = [0].pack("J")
      place
    end

    # Calls a function that can fail; the block gets the place of the error.
    def self.check
      place = self.place
      status = yield place
      return if status == OK

      raise Error.taken(status, place.ptr)
    end

    # The handle that a function gives out.
    def self.made
      out = place
      check { |error| yield out, error }
      out.ptr
    end

    # The number that a function gives out.
    def self.number(&call)
      made(&call).to_i
    end

    # The bytes of a buffer, which is freed.
    def self.taken(buffer)
      size = aigc_buffer_size(buffer)
      size.zero? ? "".b : aigc_buffer_data(buffer)[0, size]
    ensure
      aigc_buffer_free(buffer)
    end
  end

  # What went wrong. The classes below stand for the groups of the statuses; Native::E_* are the statuses themselves.
  class Error < StandardError
    # The status (Native::E_TIMEOUT ...), and the provider's own words where some came.
    attr_reader :status, :provider_code, :provider_message, :request_id, :http_status, :retry_after_ms, :outcome, :field
    # The token of the job, if it is known: Client#attach takes it.
    attr_accessor :token

    def initialize(message, details = {})
      super(message)
      @status = details.fetch(:status, Native::E_INTERNAL)
      @provider_code = details[:provider_code]
      @provider_message = details[:provider_message]
      @request_id = details[:request_id]
      @http_status = details.fetch(:http_status, 0)
      @retryable = details.fetch(:retryable, false)
      @retry_after_ms = details.fetch(:retry_after_ms, 0)
      @outcome = details.fetch(:outcome, Native::OUTCOME_NONE)
      @field = details[:field]
    end

    # The name of the status in aigc.h, such as "AIGC_E_TIMEOUT".
    def name
      Native::STATUS_NAMES.fetch(status) { "AIGC_E_#{status}" }
    end

    # Whether the same call may succeed later without any change, and cannot cost twice.
    def retryable?
      @retryable
    end

    # The class of a status; a status that is not known becomes the class of its hundred.
    def self.class_of(status)
      { 1 => CallError, 2 => StoppedError, 3 => NetworkError, 4 => AccountError, 5 => ProviderError,
        6 => OutcomeUnknownError, 7 => AssetError, 8 => MachineError }.fetch(status / 100, InternalError)
    end

    # The exception of an error object, which is freed.
    def self.taken(status, pointer)
      native = Native
      if pointer.null?
        return class_of(status).new(native.text(native.aigc_status_text(status)), status: status)
      end

      class_of(status).new(
        native.text(native.aigc_error_message(pointer)),
        status: status,
        provider_code: native.text(native.aigc_error_provider_code(pointer)),
        provider_message: native.text(native.aigc_error_provider_message(pointer)),
        request_id: native.text(native.aigc_error_request_id(pointer)),
        http_status: native.aigc_error_http_status(pointer),
        retryable: native.aigc_error_retryable(pointer) == 1,
        retry_after_ms: native.aigc_error_retry_after_ms(pointer),
        outcome: native.aigc_error_outcome(pointer),
        field: native.text(native.aigc_error_field(pointer))
      )
    ensure
      native.aigc_error_free(pointer)
    end

    # An error that was found here, before the library was asked.
    def self.here(status, message, field = nil)
      class_of(status).new(message, status: status, field: field, outcome: Native::OUTCOME_NOT_SENT)
    end
  end

  # 1xx: the call was wrong. Fix the program.
  class CallError < Error; end
  # 2xx: time ran out, or you ended it. An accepted job is not lost: its token attaches it again.
  class StoppedError < Error; end
  # 3xx: between here and the provider.
  class NetworkError < Error; end
  # 4xx: credentials, rights, bill or rate.
  class AccountError < Error; end
  # 5xx: the provider's answer about this job.
  class ProviderError < Error; end
  # 6xx: the job may run and be billed. Nothing sends it again: look at the provider's console first.
  class OutcomeUnknownError < Error; end
  # 7xx: the image.
  class AssetError < Error; end
  # 8xx: this machine.
  class MachineError < Error; end
  # 9xx: a fault in the library. Please report it.
  class InternalError < Error; end

  # A handle of the library, freed once: by #free, or by the garbage collector.
  class Handle
    def initialize(pointer, free)
      @pointer = pointer
      @free = free
      # The finalizer must not hold this object; freeing is allowed in every process and on every thread.
      @box = [pointer]
      ObjectSpace.define_finalizer(self, Handle.release(@box, free))
    end

    def self.release(box, free)
      proc { (pointer = box.shift) && Native.public_send(free, pointer) }
    end

    # The pointer; raises if the handle has been freed.
    def to_ptr
      @box.first || raise(CallError.here(Native::E_CLOSED, "the object has been closed"))
    end

    def freed?
      @box.empty?
    end

    def free
      Handle.release(@box, @free).call
    end
  end

  # An image of a job that has succeeded.
  Asset = Struct.new(:index, :id, :url, :expires_at_ms)

  # Something that happened. type is one of Native::EVENT_*; job is nil if the event is about none.
  Event = Struct.new(:type, :job, :job_id, :state, :status, :provider, :message, :level, :fields)

  # A submitted, attached or downloading job.
  class Job
    # What is known of a submission, for people.
    module Says
      # generated: outcome (Tests/tools/generate.py)
      ACCEPTED = "accepted; fetch it with: aigc fetch "
      ACCEPTED_ID = "accepted; the provider's id is "
      ANSWERED = "the provider has answered this call, which may be paid; request id "
      NOTHING_PAID = "provably not submitted, or refused: nothing is paid"
      IN_DOUBT = "it may run and be paid: nobody knows whether it was submitted. Look at the " \
        "provider's console before you repeat it"
      NO_KEY = "no journal has a key of it"
      SHOW_KEY = "aigc jobs show --journal FOLDER -- "
      # end of generated
    end
    private_constant :Says

    # Ctrl-C and Thread#kill are noticed between two slices of a wait.
    SLICE_MS = 100

    # The client is kept: if it were collected while a job is in use, it would be closed, and the job with it.
    def initialize(pointer, client)
      @handle = Handle.new(pointer, :aigc_job_free)
      @client = client
    end

    {
      remote_id: :aigc_job_remote_id, key: :aigc_job_key, provider: :aigc_job_provider,
      operation: :aigc_job_operation, provider_state: :aigc_job_provider_state, request_id: :aigc_job_request_id,
      result_id: :aigc_job_result_id, path: :aigc_job_path, content_type: :aigc_job_content_type
    }.each do |name, function|
      define_method(name) { Native.text(Native.public_send(function, @handle)) }
    end

    # Attaches the job in another process, in any language; nil until the provider has accepted the job. Store it.
    def token
      text = Native.text(Native.aigc_job_token(@handle))
      @client.told(self) if text
      text
    end

    # A number that is unique among the jobs of the process.
    def id
      Native.aigc_job_id(@handle)
    end

    # One of Native::STATE_*.
    def state
      Native.aigc_job_state(@handle)
    end

    # The state's name in the header, such as "AIGC_STATE_RUNNING".
    def state_name
      Native.text(Native.aigc_state_name(state))
    end

    # One of Native::OUTCOME_*: what is known about the submission.
    def outcome
      Native.aigc_job_outcome(@handle)
    end

    # The same for people, for a program that leaves: the command that fetches the job, or that nothing is paid, or that the
    # job may be paid and where to look. Close the client first: its grace may bring the answer.
    def outcome_text
      return Says::ACCEPTED + token if token
      return Says::ACCEPTED_ID + remote_id if remote_id

      request = request_id || "unknown"
      return Says::ANSWERED + request if outcome == Native::OUTCOME_ACCEPTED
      return Says::NOTHING_PAID if outcome <= Native::OUTCOME_NOT_SENT

      "#{Says::IN_DOUBT} (request id #{request}; #{key ? Says::SHOW_KEY + key : Says::NO_KEY})"
    end

    # From 0.0 to 1.0, or nil if unknown.
    def progress
      value = Native.aigc_job_progress(@handle)
      value.negative? ? nil : value
    end

    # Whether the submission left, and its answer can still come.
    def undecided?
      remote_id.nil? && (outcome == Native::OUTCOME_UNKNOWN || state == Native::STATE_SUBMITTING)
    end

    def ended?
      state >= Native::STATE_SUCCEEDED
    end

    # The provider's last answer about this job, parsed, or as text if it is no JSON; nil until one came.
    def provider_response
      text = Native.text(Native.aigc_job_provider_response(@handle))
      text && JSON.parse(text)
    rescue JSON::ParserError
      text
    end

    # Waits until the job has ended, and returns it; raises how it ended if that was no success. timeout: seconds.
    def wait(timeout = nil)
      deadline = timeout && (Process.clock_gettime(Process::CLOCK_MONOTONIC) + Native.wait_of(timeout))
      loop do
        left = deadline ? ((deadline - Process.clock_gettime(Process::CLOCK_MONOTONIC)) * 1000).ceil : SLICE_MS
        status = Native.aigc_job_wait(@handle, [[left, 0].max, SLICE_MS].min, nil)
        if status == Native::OK
          @client.told(self)
          return self
        end
        if status != Native::E_TIMEOUT
          @client.until_known(self)
          raise error || Error.taken(status, Fiddle::Pointer.new(0))
        end
        next unless left <= 0

        message = "the job has not ended after #{timeout} s; it keeps running"
        late = Error.class_of(status).new(message, status: status, outcome: outcome)
        late.token = token
        raise late
      end
    end

    # How the job ended, as an exception; nil for success and for a job that has not ended.
    def error
      Native.check { |place| Native.aigc_job_error(@handle, place) }
      nil
    rescue Error => e
      e.token ||= token
      e
    end

    # Makes exactly one status call. timeout: seconds.
    def refresh(timeout = 60)
      limit = Native.milliseconds(timeout, "timeout")
      Native.check { |error| Native.aigc_job_refresh(@handle, limit, error) }
      self
    end

    # Lets the first byte leave of a job that was submitted with hold: true.
    def release
      Native.check { |error| Native.aigc_job_release(@handle, error) }
    end

    # Ends the job here. An accepted job keeps running at the provider, and its token stays valid.
    def cancel
      Native.aigc_job_cancel(@handle)
    end

    # The images of a job that has succeeded.
    def assets
      (0...Native.aigc_job_asset_count(@handle)).map do |index|
        Asset.new(
          index, Native.text(Native.aigc_job_asset_id(@handle, index)),
          Native.text(Native.aigc_job_asset_url(@handle, index)), Native.aigc_job_asset_expires_at_ms(@handle, index)
        )
      end
    end

    # Starts the download of an image. path: the file to write (".*" becomes the format's extension), or nil for memory.
    def download(index = 0, path = nil)
      name = Native.string(path, "path")
      Job.new(Native.made { |out, error| Native.aigc_job_download(@handle, index, name, out, error) }, @client)
    rescue Error => e
      e.token ||= token
      raise
    end

    # The bytes of a download to memory, once.
    def take_bytes
      Native.taken(Native.made { |out, error| Native.aigc_job_take_buffer(@handle, out, error) })
    end

    # Of a download: how many bytes have come, and how many there are, or nil if that is unknown.
    def bytes
      places = Array.new(2) { Fiddle::Pointer.malloc(8, Fiddle::RUBY_FREE) }
      Native.aigc_job_bytes(@handle, *places)
      received, total = places.map { |place| place[0, 8].unpack1("q") }
      [received, total.negative? ? nil : total]
    end

    # Sets the deadline of the job to so many seconds from now; nil: none.
    def deadline=(seconds)
      milliseconds = seconds ? Native.milliseconds(seconds, "deadline") : Native::FOREVER
      Native.check { |error| Native.aigc_job_set_deadline_ms(@handle, milliseconds, error) }
    end

    # Passes the trace of your own tracing on (W3C Trace Context); nil ends it.
    def trace(traceparent, tracestate = nil)
      texts = [Native.string(traceparent, "traceparent"), Native.string(tracestate, "tracestate")]
      Native.check { |error| Native.aigc_job_set_trace(@handle, *texts, error) }
    end

    # Follows the job (true), or leaves it to #refresh (false).
    def follow=(value)
      Native.check { |error| Native.aigc_job_set_follow(@handle, value ? 1 : 0, error) }
    end

    # Releases the job's handle; the job itself keeps running. Not needed: the garbage collector does it.
    def free
      @handle.free
    end

    def inspect
      @handle.freed? ? "#<Aigc::Job freed>" : "#<Aigc::Job #{id} #{state_name} #{remote_id}>"
    end
  end

  # Typed operations; one class a provider below.
  class Operations
    def initialize(client)
      @client = client
    end
  end

  # generated: operations (Tests/tools/generate.py)
  # The operations of Alibaba: client.alibaba.
  class AlibabaOperations < Operations
    # Submits Personalizedtxt2imgAddInferenceJob: one job, one bill.
    #   prompt: What to draw, in English, with the literal token <special-token> in place of the subject.
    #   model: Id of the model that you have trained.
    #   count: Number of images; the provider treats more than 10 as 10.
    #   seed: Seed for reproducible images, -1 to 2147483647; default: the provider's choice.
    def inference(
      prompt:,
      model:,
      count: nil,
      seed: nil,
      key: nil,
      hold: nil,
      options: {}
    )
      @client.submit(
        "alibaba", "inference",
        prompt: prompt,
        model: model,
        count: count,
        seed: seed,
        key: key,
        hold: hold,
        options: options
      )
    end

    # Submits PersonalizedTextToImageAddInferenceJob: one job, one bill.
    #   prompt: What to draw, in English, with the literal token <special-token> in place of the subject.
    #   train_steps: Training steps, for example 800.
    #   count: Number of images; the provider treats more than 10 as 10.
    #   seed: Seed for reproducible images, -1 to 2147483647; default: the provider's choice.
    #   strength: Weight of the reference images; documented: 0.3 to 0.8 in steps of 0.1; default: 0.5.
    def pre_model_inference(
      prompt:,
      train_steps: nil,
      count: nil,
      seed: nil,
      strength: nil,
      image_urls: [],
      key: nil,
      hold: nil,
      options: {}
    )
      @client.submit(
        "alibaba", "pre_model_inference",
        prompt: prompt,
        train_steps: train_steps,
        count: count,
        seed: seed,
        strength: strength,
        image_urls: image_urls,
        key: key,
        hold: hold,
        options: options
      )
    end

    # Submits Personalizedtxt2imgAddModelTrainJob: one job, one bill.
    #   name: Name of the model, for people.
    #   object_type: What the images show, in one word: girl, person, man, boy, dog ...
    #   train_steps: Training steps, for example 800.
    def model_train(
      name:,
      object_type:,
      train_steps: nil,
      image_urls: [],
      key: nil,
      hold: nil,
      options: {}
    )
      @client.submit(
        "alibaba", "model_train",
        name: name,
        object_type: object_type,
        train_steps: train_steps,
        image_urls: image_urls,
        key: key,
        hold: hold,
        options: options
      )
    end

    # Fetches one image with Personalizedtxt2imgQueryImageAsset, free of charge.
    #   model_id: Id of the job's model.
    #   prompt_id: Id of the job's prompt.
    #   image_id: Id of the image, as in the job's resultImageUrl.
    #   encode_format: With "base64" the image is sent as Base64 text, otherwise as bytes. The stored image is the
    #   same.
    def inference_asset(
      model_id:,
      prompt_id:,
      image_id:,
      encode_format: nil,
      path: nil
    )
      @client.fetch(
        "alibaba", "inference_asset",
        model_id: model_id,
        prompt_id: prompt_id,
        image_id: image_id,
        encode_format: encode_format,
        path: path
      )
    end

    # Fetches one image with PersonalizedTextToImageQueryImageAsset, free of charge.
    #   image_id: Id of the image, as in the job's resultImageUrl.
    #   encode_format: With "base64" the image is sent as Base64 text, otherwise as bytes. The stored image is the
    #   same.
    def pre_model_inference_asset(
      image_id:,
      encode_format: nil,
      path: nil
    )
      @client.fetch(
        "alibaba", "pre_model_inference_asset",
        image_id: image_id,
        encode_format: encode_format,
        path: path
      )
    end
  end

  # The operations of Tencent: client.tencent.
  class TencentOperations < Operations
    # Submits CreateAigcImageTask: one job, one bill.
    #   prompt: What to draw; required if there is no reference image.
    #   model: Name of the model; default: the provider's choice.
    #   model_version: Version of the model; default: the stable version.
    #   scene_type: Special scene, such as "3d_panorama" (Hunyuan).
    #   negative_prompt: What the image must not show; only some models use this field.
    #   enhance_prompt: Whether the provider may improve the prompt; default: false.
    #   count: Number of images; default: 1.
    #   aspect_ratio: Aspect ratio, such as "16:9"; depends on the model.
    #   resolution: Resolution, such as "1080P" or "2K"; depends on the model.
    #   logo_add: Whether the image gets a mark; default: false.
    #   output_format: "jpeg" or "png".
    #   additional_parameters: Further parameters of the model as a JSON object, such as {"size":"1024x1024"}.
    #   cos_bucket: COS bucket that keeps the images; needs cos_region and the role MPS_QcsRole.
    #   cos_region: Region of the bucket.
    #   cos_path: Folder in the bucket.
    #   operator_name: Free text that says who asks.
    def aigc_image(
      prompt: nil,
      model: nil,
      model_version: nil,
      scene_type: nil,
      negative_prompt: nil,
      enhance_prompt: nil,
      count: nil,
      aspect_ratio: nil,
      resolution: nil,
      logo_add: nil,
      output_format: nil,
      additional_parameters: nil,
      cos_bucket: nil,
      cos_region: nil,
      cos_path: nil,
      operator_name: nil,
      image_urls: [],
      key: nil,
      hold: nil,
      options: {}
    )
      @client.submit(
        "tencent", "aigc_image",
        prompt: prompt,
        model: model,
        model_version: model_version,
        scene_type: scene_type,
        negative_prompt: negative_prompt,
        enhance_prompt: enhance_prompt,
        count: count,
        aspect_ratio: aspect_ratio,
        resolution: resolution,
        logo_add: logo_add,
        output_format: output_format,
        additional_parameters: additional_parameters,
        cos_bucket: cos_bucket,
        cos_region: cos_region,
        cos_path: cos_path,
        operator_name: operator_name,
        image_urls: image_urls,
        key: key,
        hold: hold,
        options: options
      )
    end

    # Fetches one image by its URL, free of charge.
    #   url: Result URL of an image, unchanged; the library signs only for the hosts in tencent.cos_hosts.
    def aigc_image_asset(
      url:,
      path: nil
    )
      @client.fetch(
        "tencent", "aigc_image_asset",
        url: url,
        path: path
      )
    end
  end
  # end of generated

  # One engine: connections, rates, credentials, jobs. One per process is enough for thousands of jobs.
  class Client
    # So many seconds submissions on the wire get for their answer.
    GRACE_S = 5
    # The clients of this process, for its end.
    LIVE = ObjectSpace::WeakMap.new
    private_constant :LIVE
    at_exit { LIVE.each_key { |client| client.send(:leave) } }

    # config: configuration keys, as aigc_config_describe() lists them: Client.new("tencent.region" => "ap-guangzhou").
    def initialize(config = {})
      settings = Native.made { |out, error| Native.aigc_config_new(out, error) }
      begin
        config.each do |key, value|
          pair = [Native.string(key, "configuration key"), Native.string(value, key.to_s)]
          Native.check { |error| Native.aigc_config_set(settings, *pair, error) }
        end
        pointer = Native.made { |out, error| Native.aigc_client_new(settings, out, error) }
      ensure
        Native.aigc_config_free(settings)
      end
      @handle = Handle.new(pointer, :aigc_client_free)
      @process = Process.pid
      @untold = {} # id to job: nobody has been told how to find the job again
      @look_at = 1000
      LIVE[self] = true
    end

    # Opens a client for a block, and closes it afterwards.
    def self.open(config = {})
      client = new(config)
      yield client
    ensure
      client&.close
    end

    def alibaba
      AlibabaOperations.new(self)
    end

    def tencent
      TencentOperations.new(self)
    end

    # Submits a request: one job, one bill. fields: by neutral name. key: with a journal, the same key never pays twice.
    # hold: the job waits before its first byte, until Job#release. options: "follow", "deadline_ms" and the others of
    # aigc_request_set_option(). Never waits for the network; with a journal for the disk.
    def submit(provider, operation, image_urls: [], options: {}, key: nil, hold: nil, **fields)
      all = { "key" => key, "hold" => hold }.compact.merge(options)
      request = request(provider, operation, fields, image_urls, all)
      begun do |out, error|
        Native.aigc_client_submit(@handle, request, out, error)
      ensure
        Native.aigc_request_free(request)
      end
    end

    # Fetches one image that is known by id or URL, free of charge.
    def fetch(provider, operation, path: nil, **fields)
      request = request(provider, operation, fields, [], {})
      name = Native.string(path, "path")
      Job.new(Native.made { |out, error| Native.aigc_client_fetch(@handle, request, name, out, error) }, self)
    ensure
      Native.aigc_request_free(request) if request
    end

    # Attaches a job from its token, made in any process and any language.
    def attach(token, follow: true)
      text = Native.string(token, "token")
      Job.new(Native.made { |out, error| Native.aigc_client_attach(@handle, text, follow ? 1 : 0, out, error) }, self)
    end

    # The same from the provider's own job id.
    def attach_id(provider, operation, remote_id, follow: true)
      names = [Native.string(provider, "provider"), Native.string(operation, "operation"), Native.string(remote_id, "id")]
      Job.new(Native.made { |out, error| Native.aigc_client_attach_id(@handle, *names, follow ? 1 : 0, out, error) }, self)
    end

    # The job of a key that the client's journal knows.
    def attach_key(key, follow: true)
      text = Native.string(key, "key")
      Job.new(Native.made { |out, error| Native.aigc_client_attach_key(@handle, text, follow ? 1 : 0, out, error) }, self)
    end

    # Takes over every job of the client's journal whose client is gone, and says how many. They come as events.
    def resume(follow: true)
      Native.number { |out, error| Native.aigc_client_resume(@handle, follow ? 1 : 0, out, error) }
    end

    # Calls any operation of the product by the provider's own name. reads: true repeats the call until it is answered.
    def call(provider, action, parameters = {}, reads: false)
      names = [Native.string(provider, "provider"), Native.string(action, "action"), json("parameters", parameters)]
      begun { |out, error| Native.aigc_client_call(@handle, *names, reads ? 1 : 0, out, error) }
    end

    # Gives a provider's credentials from now on. expires_at_ms: Unix milliseconds, 0 for never.
    def set_credentials(provider, id, secret, token: nil, expires_at_ms: 0)
      texts = [provider, id, secret, token].map { |value| Native.string(value, "credentials") }
      Native.check { |error| Native.aigc_client_set_credentials(@handle, *texts, expires_at_ms, error) }
    end

    # The next event, or nil if none came within timeout seconds.
    def next_event(timeout = 0)
      deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + Native.wait_of(timeout)
      loop do
        left = ((deadline - Process.clock_gettime(Process::CLOCK_MONOTONIC)) * 1000).ceil
        slice = [[left, 0].max, Job::SLICE_MS].min
        pointer = Native.made { |out, error| Native.aigc_client_next_event(@handle, slice, out, error) }
        return event(pointer) unless pointer.null?
        return nil if left <= 0
      end
    end

    # A descriptor that is readable while events are queued, for IO.select and event loops. Never read, write or close it.
    def event_io
      IO.for_fd(Native.aigc_client_event_fd(@handle), autoclose: false)
    end

    # Makes one waiting #next_event return early, or the next one if none waits. Any thread.
    def wake
      Native.aigc_client_wake(@handle)
    end

    # What this client has counted, and what it stands on.
    def stats
      document(:aigc_client_stats)
    end

    def report
      document(:aigc_client_report)
    end

    # Ends all jobs here; they keep running at the provider. Submissions on the wire get grace seconds for their answer. A
    # warning gives the token of a job that has not ended, if nobody has read the token: so Ctrl-C loses no job.
    def close(grace = GRACE_S)
      return if @handle.freed?

      limit = Native.milliseconds(grace, "grace")
      running = @untold.values.reject(&:ended?)
      begin
        @answering = Thread.current
        Native.aigc_client_close(@handle, limit)
      ensure
        @answering = nil
      end
      @handle.free
      running.each do |job|
        next if !@untold.key?(job.id) || job.outcome <= Native::OUTCOME_NOT_SENT

        warn "aigc: the client was closed before a job ended: #{job.outcome_text}"
      end
    end

    # For Job: another thread has ended it by #close, whose grace may still bring the id. Returns when that is known.
    def until_known(job)
      sleep 0.01 while @answering&.alive? && @answering != Thread.current && job.undecided?
    end

    # For Job: somebody has the token, or has seen the end.
    def told(job)
      @untold.delete(job.id)
    end

    private

    # The job that a function begins.
    def begun
      out = Native.place
      Native.check { |error| yield out, error }
      job = Job.new(out.ptr, self)
      remember(job)
    ensure
      # Ctrl-C, Timeout, Thread#raise or Thread#kill came in between: nobody else knows of the job.
      give_up(Job.new(Native.aigc_job_ref(out.ptr), self)) unless job || out.nil? || out.ptr.null?
    end

    # Keeps a job until somebody has been told of it. Now and then those are dropped that have ended since.
    def remember(job)
      @untold[job.id] = job
      return job if @untold.size < @look_at

      @untold.values.select(&:ended?).each { |one| told(one) } # no iteration: other threads submit meanwhile
      @look_at = [2 * @untold.size, 1000].max
      job
    end

    # The process ends.
    def leave
      close if @process == Process.pid && !@untold.empty?
    end

    # Ends here a job that was begun for nobody. If the provider has accepted it, or may have, a warning says so.
    def give_up(job)
      job.cancel
      deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + GRACE_S
      while job.undecided? && Process.clock_gettime(Process::CLOCK_MONOTONIC) < deadline
        sleep 0.01
      end
    ensure
      warn "aigc: a submission was interrupted: #{job.outcome_text}" if job.outcome > Native::OUTCOME_NOT_SENT
    end

    def request(provider, operation, fields, image_urls, options)
      names = [Native.string(provider, "provider"), Native.string(operation, "operation")]
      request = Native.made { |out, error| Native.aigc_request_new(*names, out, error) }
      fields.each { |name, value| set(request, name.to_s, value) unless value.nil? }
      Array(image_urls).each do |url, type|
        pair = [Native.string(url, "image_urls"), Native.string(type, "image_urls")]
        Native.check { |error| Native.aigc_request_add_image_url(request, *pair, error) }
      end
      options.each do |name, value|
        pair = [Native.string(name, "option"), Native.string(value, name.to_s)]
        Native.check { |error| Native.aigc_request_set_option(request, *pair, error) }
      end
      request
    rescue StandardError
      Native.aigc_request_free(request) if request
      raise
    end

    def set(request, name, value)
      key = Native.string(name, "field")
      function, given =
        case value
        when String, Symbol then [:aigc_request_set_string, Native.string(value, name)]
        when true, false then [:aigc_request_set_bool, value ? 1 : 0]
        when Integer then [:aigc_request_set_int, whole(name, value)]
        when Float then [:aigc_request_set_double, value]
        when Hash, Array then [:aigc_request_set_json, json(name, value)]
        else raise CallError.here(Native::E_INVALID_ARGUMENT, "#{name} cannot be a #{value.class}", name)
        end
      Native.check { |error| Native.public_send(function, request, key, given, error) }
    end

    # JSON.generate makes a text of a BigDecimal and of a Rational.
    def json(name, value)
      refuse_numbers(name, value)
      JSON.generate(value)
    rescue JSON::GeneratorError => e
      raise CallError.here(Native::E_INVALID_ARGUMENT, "#{name} cannot be written as JSON: #{e.message}", name)
    end

    def refuse_numbers(name, value)
      case value
      when Hash then value.each_value { |entry| refuse_numbers(name, entry) }
      when Array then value.each { |entry| refuse_numbers(name, entry) }
      when Integer, Float then nil
      when Numeric
        raise CallError.here(Native::E_INVALID_ARGUMENT, "#{name} holds a #{value.class}: make a Float or a text of it", name)
      end
    end

    def whole(name, value)
      return value if value.between?(-(1 << 63), (1 << 63) - 1)

      raise CallError.here(Native::E_INVALID_ARGUMENT, "#{name} is #{value}, which does not fit into 64 bits", name)
    end

    def document(function)
      buffer = Native.made { |out, error| Native.public_send(function, @handle, out, error) }
      JSON.parse(Native.taken(buffer).force_encoding(Encoding::UTF_8))
    end

    def event(pointer)
      job = Native.aigc_event_job(pointer)
      @untold.delete(Native.aigc_event_job_id(pointer)) if Native.aigc_event_type(pointer) == Native::EVENT_JOB_DONE
      fields = Native.text(Native.aigc_event_fields(pointer))
      Event.new(
        Native.aigc_event_type(pointer), job.null? ? nil : Job.new(Native.aigc_job_ref(job), self),
        Native.aigc_event_job_id(pointer), Native.aigc_event_state(pointer), Native.aigc_event_status(pointer),
        Native.text(Native.aigc_event_provider(pointer)), Native.text(Native.aigc_event_message(pointer)),
        Native.aigc_event_level(pointer), fields && JSON.parse(fields)
      )
    ensure
      Native.aigc_event_free(pointer)
    end
  end

  # The journal without a client, for tools. A journal is a folder (configuration key journal.path) that any number of
  # processes and languages use at once. Every method raises MachineError if there is no journal.
  module Journal
    # The keys in ascending order, a Hash each with "key", "state", "remote_id" and more (see aigc_journal_list()). filter:
    # states: (a list), provider:, prefix: (of keys), limit: (rows of a page). Without a block an Enumerator.
    def self.rows(path, after: nil, **filter)
      return enum_for(:rows, path, after: after, **filter) unless block_given?

      texts = [Native.string(path, "path"), JSON.generate(filter)]
      loop do
        last = Native.string(after, "after")
        lines = Native.taken(Native.made { |out, error| Native.aigc_journal_list(*texts, last, out, error) })
        break if lines.empty?

        lines.force_encoding(Encoding::UTF_8).each_line do |line|
          row = JSON.parse(line)
          after = row["key"]
          yield row
        end
      end
    end

    # Writes what you have found out about a key that is in doubt: Native::OUTCOME_ACCEPTED with the provider's id,
    # OUTCOME_NOT_SENT (the key may be paid again) or OUTCOME_UNKNOWN (it is abandoned).
    def self.resolve(path, key, outcome, remote_id = nil)
      names = [Native.string(path, "path"), Native.string(key, "key")]
      id = Native.string(remote_id, "remote id")
      Native.check { |error| Native.aigc_journal_resolve(*names, outcome, id, error) }
    end

    # Forgets ended keys that have not changed for so many seconds, and says how many. They can then be paid again.
    # Float::INFINITY: none.
    def self.prune(path, older_than)
      name = Native.string(path, "path")
      age = Native.milliseconds(older_than, "older_than")
      Native.number { |out, error| Native.aigc_journal_prune(name, age, out, error) }
    end

    # Reads the whole journal: "ok", "problems", "counts" and more. Nothing is repaired or deleted.
    def self.check(path)
      name = Native.string(path, "path")
      buffer = Native.made { |out, error| Native.aigc_journal_check(name, out, error) }
      JSON.parse(Native.taken(buffer).force_encoding(Encoding::UTF_8))
    end
  end
end
