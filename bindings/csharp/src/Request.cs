using System;
using System.Collections.Generic;
using System.Globalization;

namespace Aigc
{
    /// <summary>JSON text, where a field takes JSON.</summary>
    public sealed class Json
    {
        /// <summary>JSON from its text.</summary>
        /// <param name="text">The text, which the library checks.</param>
        public Json(string text)
        {
            Text = text;
        }

        /// <summary>The text.</summary>
        public string Text { get; }
    }

    /// <summary>
    /// What to generate: plain data, read when it is submitted. The subclasses know the fields of their operation; this one
    /// takes any. It can be submitted any number of times: each time is a new job and a new bill.
    /// </summary>
    public class Request
    {
        private readonly string provider;
        private readonly string operation;

        /// <summary>An empty request.</summary>
        /// <param name="provider">Names.Alibaba or Names.Tencent.</param>
        /// <param name="operation">Such as Names.TencentImage.</param>
        public Request(string provider, string operation)
        {
            this.provider = provider;
            this.operation = operation;
            Fields = new Dictionary<string, object>();
            ImageUrls = new List<string>();
            Options = new Dictionary<string, string>();
        }

        /// <summary>Fields by neutral name, or by the provider's own behind "body.": text, numbers, bool or Json.</summary>
        public IDictionary<string, object> Fields { get; }

        /// <summary>Reference images: publicly reachable URLs.</summary>
        public IList<string> ImageUrls { get; }

        /// <summary>Tencent's ReferenceType of all of them; null for none.</summary>
        public string ImageType { get; set; }

        /// <summary>With a journal: the same key never pays twice.</summary>
        public string Key { get; set; }

        /// <summary>The job waits before its first byte, until Job.Release.</summary>
        public bool? Hold { get; set; }

        /// <summary>Whether the library polls the job until it ends.</summary>
        public bool? Follow { get; set; }

        /// <summary>When the library gives the job up, from its submission on.</summary>
        public TimeSpan? Deadline { get; set; }

        /// <summary>Further options of aigc_request_set_option().</summary>
        public IDictionary<string, string> Options { get; }

        /// <summary>A field that was set, or null.</summary>
        internal object Get(string name)
        {
            object value;
            return Fields.TryGetValue(name, out value) ? value : null;
        }

        /// <summary>The same as an object of the library; the caller frees it.</summary>
        internal IntPtr Made()
        {
            IntPtr request, error;
            var names = new[] { Native.Needed(provider, "provider"), Native.Needed(operation, "operation") };
            AigcException.Check(Native.aigc_request_new(names[0], names[1], out request, out error), error);
            try
            {
                foreach (var field in Fields) Set(request, field.Key, field.Value);
                var type = Native.Bytes(ImageType, "image type");
                foreach (var url in ImageUrls)
                {
                    var text = Native.Needed(url, "image url");
                    AigcException.Check(Native.aigc_request_add_image_url(request, text, type, out error), error);
                }
                Option(request, "key", Key);
                Option(request, "hold", Word(Hold));
                Option(request, "follow", Word(Follow));
                if (Deadline != null)
                    Option(request, "deadline_ms", Native.Milliseconds(Deadline, "deadline").ToString(CultureInfo.InvariantCulture));
                foreach (var option in Options) Option(request, option.Key, option.Value);
                return request;
            }
            catch
            {
                Native.aigc_request_free(request);
                throw;
            }
        }

        private static string Word(bool? value)
        {
            return value == null ? null : value.Value ? "true" : "false";
        }

        private static void Option(IntPtr request, string name, string value)
        {
            if (value == null) return;
            IntPtr error;
            var pair = new[] { Native.Bytes(name, "option"), Native.Bytes(value, name) };
            AigcException.Check(Native.aigc_request_set_option(request, pair[0], pair[1], out error), error);
        }

        private static void Set(IntPtr request, string name, object value)
        {
            if (value == null) return;
            IntPtr error = IntPtr.Zero;
            var field = Native.Needed(name, "field");
            int status;
            if (value is string)
                status = Native.aigc_request_set_string(request, field, Native.Bytes((string)value, name), out error);
            else if (value is Json)
                status = Native.aigc_request_set_json(request, field, Native.Needed(((Json)value).Text, name), out error);
            else if (value is bool)
                status = Native.aigc_request_set_bool(request, field, (bool)value ? 1 : 0, out error);
            else if (value is float)
                status = Native.aigc_request_set_double(request, field, Shortest((float)value), out error);
            else if (value is double)
                status = Native.aigc_request_set_double(request, field, (double)value, out error);
            else if (value is int || value is long || value is short || value is byte || value is uint || value is sbyte ||
                     value is ushort || value is ulong && (ulong)value <= long.MaxValue)
                status = Native.aigc_request_set_int(request, field, Convert.ToInt64(value), out error);
            else
                throw AigcException.Here(Status.InvalidArgument, name + " cannot be " +
                    (value is ulong ? value.ToString() : "a " + value.GetType().Name) +
                    ": it is a string, a bool, Json, or a number of 64 bits or less", name);
            AigcException.Check(status, error);
        }

        /// <summary>A float without the digits that a conversion to double would add: 0.8f is 0.8.</summary>
        private static double Shortest(float value)
        {
            if (float.IsNaN(value) || float.IsInfinity(value)) return value;
            for (var digits = 1; digits <= 9; digits++)
            {
                var text = ((double)value).ToString("E" + (digits - 1), CultureInfo.InvariantCulture);
                var found = double.Parse(text, CultureInfo.InvariantCulture);
                if ((float)found == value) return found;
            }
            return value;
        }
    }
}
