using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Aigc
{
    internal static partial class Native
    {
        private static readonly Encoding Utf8 = new UTF8Encoding(false, true);
        private static readonly string Trouble = Load();

        /// <summary>Throws if the library cannot be used.</summary>
        internal static void Check()
        {
            if (Trouble != null) throw new DllNotFoundException(Trouble);
        }

        [DllImport("libdl.so.2", EntryPoint = "dlopen")]
        private static extern IntPtr OpenLibrary(byte[] name, int flags);

        [DllImport("libdl.so.2", EntryPoint = "dlerror")]
        private static extern IntPtr LibraryError();

        // A library that AIGC_LIBRARY names is loaded first: the loader then finds it by the name that it has inside.
        private static string Load()
        {
            const int now = 2;
            var name = Environment.GetEnvironmentVariable("AIGC_LIBRARY");
            try
            {
                if (!string.IsNullOrEmpty(name) && OpenLibrary(Bytes(name, "AIGC_LIBRARY"), now) == IntPtr.Zero)
                    return Unloadable(Text(LibraryError()));
                return OtherVersion();
            }
            catch (DllNotFoundException error)
            {
                return Unloadable(error.Message);
            }
        }

        // A method of its own: mono looks for the library when it compiles a method that calls into it.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private static string OtherVersion()
        {
            var number = aigc_version_number();
            if (number / 1000000 == Names.VersionMajor && number / 1000 % 1000 >= Names.VersionMinor) return null;
            return $"libaigc is {Text(aigc_version_string())}, and {Names.VersionMajor}.{Names.VersionMinor} or a newer " +
                $"{Names.VersionMajor}.x is needed";
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        internal static string Version()
        {
            return Text(aigc_version_string());
        }

        // By address: the handle is closed by then, and still counted.
        [DllImport(Library, EntryPoint = "aigc_client_wake")]
        internal static extern void Wake(IntPtr client);

        private static string Unloadable(string why)
        {
            return $"libaigc.so.1 cannot be loaded ({why}): install libaigc, or set AIGC_LIBRARY to its path";
        }

        /// <summary>The text at an address, copied; null for none.</summary>
        internal static string Text(IntPtr address)
        {
            if (address == IntPtr.Zero) return null;
            var size = 0;
            while (Marshal.ReadByte(address, size) != 0) size++;
            var bytes = new byte[size];
            Marshal.Copy(address, bytes, 0, size);
            return Encoding.UTF8.GetString(bytes);
        }

        /// <summary>UTF-8 with a NUL behind it; null stays null.</summary>
        internal static byte[] Bytes(string value, string what)
        {
            if (value == null) return null;
            if (value.IndexOf('\0') >= 0) throw AigcException.Here(Status.InvalidArgument, what + " has a NUL in it", what);
            try
            {
                var text = new byte[Utf8.GetByteCount(value) + 1];
                Utf8.GetBytes(value, 0, value.Length, text, 0);
                return text;
            }
            catch (EncoderFallbackException)
            {
                throw AigcException.Here(Status.InvalidArgument, what + " has half a surrogate pair in it, which is no UTF-8", what);
            }
        }

        internal static byte[] Needed(string value, string what)
        {
            if (value == null) throw AigcException.Here(Status.InvalidArgument, what + " is missing", what);
            return Bytes(value, what);
        }

        /// <summary>The bytes of a buffer, which is freed.</summary>
        internal static byte[] Taken(IntPtr buffer)
        {
            try
            {
                var bytes = new byte[checked((int)aigc_buffer_size(buffer).ToUInt64())];
                if (bytes.Length > 0) Marshal.Copy(aigc_buffer_data(buffer), bytes, 0, bytes.Length);
                return bytes;
            }
            finally
            {
                aigc_buffer_free(buffer);
            }
        }

        /// <summary>Rounded up. Timeout.InfiniteTimeSpan is for ever; below 0 there is nothing else.</summary>
        internal static long Milliseconds(TimeSpan? time, string what)
        {
            if (time == null) return Names.Forever;
            if (time.Value == System.Threading.Timeout.InfiniteTimeSpan) return long.MaxValue;
            if (time.Value >= TimeSpan.Zero) return (long)Math.Ceiling(time.Value.TotalMilliseconds);
            throw AigcException.Here(Status.InvalidArgument, $"{what} is {time}: give a time from 0 on", what);
        }

        /// <summary>The same of a wait: one that is below 0 is over.</summary>
        internal static long Wait(TimeSpan time)
        {
            var over = time < TimeSpan.Zero && time != System.Threading.Timeout.InfiniteTimeSpan;
            return over ? 0 : Milliseconds(time, "timeout");
        }
    }

    /// <summary>A handle on a client. The runtime frees it once, and never while a call with it runs.</summary>
    internal sealed class ClientHandle : SafeHandle
    {
        internal ClientHandle(IntPtr pointer)
            : base(IntPtr.Zero, true)
        {
            SetHandle(pointer);
        }

        public override bool IsInvalid
        {
            get { return handle == IntPtr.Zero; }
        }

        protected override bool ReleaseHandle()
        {
            Native.aigc_client_free(handle);
            return true;
        }
    }

    /// <summary>A handle on a job. Freeing it does not end the job.</summary>
    internal sealed class JobHandle : SafeHandle
    {
        internal JobHandle(IntPtr pointer)
            : base(IntPtr.Zero, true)
        {
            SetHandle(pointer);
        }

        public override bool IsInvalid
        {
            get { return handle == IntPtr.Zero; }
        }

        protected override bool ReleaseHandle()
        {
            Native.aigc_job_free(handle);
            return true;
        }
    }
}
