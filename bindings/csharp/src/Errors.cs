using System;

namespace Aigc
{
    /// <summary>What went wrong. The subclasses stand for the groups of the statuses.</summary>
    public abstract class AigcException : Exception
    {
        // mono looks for the library when it compiles a method that calls into it, and would inline the small ones of this class
        // into a method that it compiles before the library is loaded. It does not before a static constructor has run.
        static AigcException()
        {
        }

        internal AigcException(string message)
            : base(message)
        {
        }

        /// <summary>What happened, and what to do.</summary>
        public Status Status { get; private set; }

        /// <summary>The status's name in the header, such as "AIGC_E_TIMEOUT".</summary>
        public string StatusName
        {
            get { return Native.Text(Native.aigc_status_name((int)Status)); }
        }

        /// <summary>The provider's own code; null if none came.</summary>
        public string ProviderCode { get; private set; }

        /// <summary>The provider's own message; null if none came.</summary>
        public string ProviderMessage { get; private set; }

        /// <summary>The provider's request id; null if none came.</summary>
        public string RequestId { get; private set; }

        /// <summary>The HTTP status; 0 if none came.</summary>
        public int HttpStatus { get; private set; }

        /// <summary>Whether the same call may succeed later without any change, and cannot cost twice.</summary>
        public bool Retryable { get; private set; }

        /// <summary>How long the provider asked to wait; zero if it did not.</summary>
        public TimeSpan RetryAfter { get; private set; }

        /// <summary>What provably happened to a submission.</summary>
        public Outcome Outcome { get; private set; }

        /// <summary>The field, option or configuration key that it is about; null if none.</summary>
        public string Field { get; private set; }

        /// <summary>The token of the job, which Client.Attach takes; null if it is not known.</summary>
        public string Token { get; private set; }

        internal AigcException With(string token)
        {
            Token = Token ?? token;
            return this;
        }

        internal AigcException With(Outcome known)
        {
            Outcome = known;
            return this;
        }

        /// <summary>Throws the exception of an error object, which is freed; returns if the status is success.</summary>
        internal static void Check(int status, IntPtr error)
        {
            if (status != (int)Status.Ok) throw Taken(status, error);
        }

        internal static AigcException Taken(int status, IntPtr error)
        {
            if (error == IntPtr.Zero) return Of((Status)status, Native.Text(Native.aigc_status_text(status)));
            try
            {
                var found = Of((Status)status, Native.Text(Native.aigc_error_message(error)));
                found.ProviderCode = Native.Text(Native.aigc_error_provider_code(error));
                found.ProviderMessage = Native.Text(Native.aigc_error_provider_message(error));
                found.RequestId = Native.Text(Native.aigc_error_request_id(error));
                found.HttpStatus = Native.aigc_error_http_status(error);
                found.Retryable = Native.aigc_error_retryable(error) == 1;
                found.RetryAfter = TimeSpan.FromMilliseconds(Native.aigc_error_retry_after_ms(error));
                found.Outcome = (Outcome)Native.aigc_error_outcome(error);
                found.Field = Native.Text(Native.aigc_error_field(error));
                return found;
            }
            finally
            {
                Native.aigc_error_free(error);
            }
        }

        /// <summary>An error that was found here, before the library was asked.</summary>
        internal static AigcException Here(Status status, string message, string field)
        {
            var found = Of(status, message);
            found.Field = field;
            found.Outcome = Outcome.NotSent;
            return found;
        }

        /// <summary>A status that is not known becomes the class of its hundred.</summary>
        internal static AigcException Of(Status status, string message)
        {
            AigcException found;
            switch ((int)status / 100)
            {
                case 1: found = new CallException(message); break;
                case 2: found = new StoppedException(message); break;
                case 3: found = new NetworkException(message); break;
                case 4: found = new AccountException(message); break;
                case 5: found = new ProviderException(message); break;
                case 6: found = new OutcomeUnknownException(message); break;
                case 7: found = new AssetException(message); break;
                case 8: found = new MachineException(message); break;
                default: found = new InternalException(message); break;
            }
            found.Status = status;
            return found;
        }
    }

    /// <summary>1xx: the call was wrong. Fix the program.</summary>
    public sealed class CallException : AigcException
    {
        internal CallException(string message)
            : base(message)
        {
        }
    }

    /// <summary>2xx: time ran out, or you ended it. An accepted job is not lost: its token attaches it again.</summary>
    public sealed class StoppedException : AigcException
    {
        internal StoppedException(string message)
            : base(message)
        {
        }
    }

    /// <summary>3xx: between here and the provider.</summary>
    public sealed class NetworkException : AigcException
    {
        internal NetworkException(string message)
            : base(message)
        {
        }
    }

    /// <summary>4xx: credentials, rights, bill or rate.</summary>
    public sealed class AccountException : AigcException
    {
        internal AccountException(string message)
            : base(message)
        {
        }
    }

    /// <summary>5xx: the provider's answer about this job.</summary>
    public sealed class ProviderException : AigcException
    {
        internal ProviderException(string message)
            : base(message)
        {
        }
    }

    /// <summary>6xx: the job may run and be billed. Nothing sends it again: look at the provider's console first.</summary>
    public sealed class OutcomeUnknownException : AigcException
    {
        internal OutcomeUnknownException(string message)
            : base(message)
        {
        }
    }

    /// <summary>7xx: the image.</summary>
    public sealed class AssetException : AigcException
    {
        internal AssetException(string message)
            : base(message)
        {
        }
    }

    /// <summary>8xx: this machine.</summary>
    public sealed class MachineException : AigcException
    {
        internal MachineException(string message)
            : base(message)
        {
        }
    }

    /// <summary>9xx: a fault in the library. Please report it.</summary>
    public sealed class InternalException : AigcException
    {
        internal InternalException(string message)
            : base(message)
        {
        }
    }
}
