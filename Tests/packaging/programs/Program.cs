using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Threading;
using Aigc;

// See program.c.
public static class Program
{
    public static void Main(string[] words)
    {
        var lines = Environment.GetEnvironmentVariable("AIGC_TEST_CONFIG").Split('\n').Where(line => line.Length > 0);
        var client = new Client(lines.Select(line => line.Split(new[] { '=' }, 2)).ToDictionary(pair => pair[0], pair => pair[1]));
        var minute = TimeSpan.FromMinutes(1);
        if (words[0] == "submit")
        {
            var job = client.Submit(words[1] == "alibaba"
                ? (Request)new AlibabaPreModelInference { Prompt = words[2], ImageUrls = { "https://example.com/a.png" } }
                : new TencentAigcImage { Prompt = words[2] });
            while (job.Token == null && !job.Ended) Thread.Sleep(20);
            Console.WriteLine(job.Token + " " + job.RemoteId);
        }
        else if (words[0] == "fetch")
        {
            var jobs = words.Skip(2).Select(token => client.Attach(token)).ToList();
            for (var i = 0; i < jobs.Count; i++) jobs[i].Wait(minute).Download(0, words[1] + "/" + i + ".*").Wait(minute);
        }
        else if (words[0] == "strings")
        {
            var job = client.Attach(words[1], false);
            for (var i = 0; i < 3; i++)
            {
                job.Refresh(minute);
                Console.WriteLine(job.ProviderState + "\t" + job.RequestId + "\t" + job.ProviderResponse);
            }
        }
        else
        {
            var count = int.Parse(words[1]);
            var best = double.MaxValue;
            for (var round = 0; round < 5; round++)
            {
                var watch = Stopwatch.StartNew();
                for (var i = 0; i < count; i++) client.NextEvent(TimeSpan.Zero);
                best = Math.Min(best, watch.Elapsed.TotalMilliseconds * 1e6 / count);
            }
            Console.WriteLine(best.ToString("F1", CultureInfo.InvariantCulture));
        }
    }
}
