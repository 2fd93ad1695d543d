using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using Aigc;

// usage: Generate.exe [-c KEY=VALUE]... [-image URL]... PROVIDER PROMPT NAME
// One job, all of its images as NAME-<remote id>-<number>.<extension>. The token is printed as soon as the job is accepted.
// Ctrl-C at a terminal: an answer on its way gets ten seconds, then the program says what is known about the job. mono notices
// no other signal: keep a journal. Exit: 0 all images are there, 1 a failure, 2 wrong usage, 3 nobody knows what runs, 130 Ctrl-C.
public static class Generate
{
    static int Say(string text, int status) { Console.Error.WriteLine(text); return status; }
    public static int Main(string[] arguments)
    {
        var words = new Queue<string>(arguments);
        var config = new Dictionary<string, string>();
        var images = new List<string>();
        while (words.Count > 3 && words.Peek().StartsWith("-"))
        {
            string option = words.Dequeue(), value = words.Dequeue();
            if (option == "-image") images.Add(value);
            else config[value.Split('=')[0]] = value.Substring(value.IndexOf('=') + 1);
        }
        if (words.Count != 3) return Say("usage: Generate.exe [-c KEY=VALUE]... [-image URL]... PROVIDER PROMPT NAME", 2);
        // A paid image needs a place: a file with a name of that length is tried before anything is sent, and removed again.
        var probe = words.ToArray()[2] + "-" + new string('x', 64);
        try { File.WriteAllText(probe, ""); File.Delete(probe); }
        catch (Exception error) { return Say("no image can be written there: " + error.Message, 1); }
        var provider = words.Dequeue();
        var request = new Request(provider, provider == "alibaba" ? "pre_model_inference" : "aigc_image");
        request.Fields["prompt"] = words.Dequeue();
        foreach (var image in images) request.ImageUrls.Add(image);
        var interrupt = new CancellationTokenSource();
        Console.CancelKeyPress += (sender, pressed) => { pressed.Cancel = true; interrupt.Cancel(); };
        Job job = null; var status = 0;
        using (var client = new Client(config))
        try
        {
            client.Listen(told => { if (told.Type == EventType.JobAccepted) Console.Error.WriteLine("token " + told.Job.Token); });
            (job = client.Submit(request)).Wait(null, interrupt.Token);
            foreach (var asset in job.Assets)
            {
                var path = words.Peek() + "-" + job.RemoteId + "-" + (asset.Index + 1) + ".*";
                var file = job.Download(asset.Index, path).Wait(null, interrupt.Token).Path;
                try { Console.Out.WriteLine(file); Console.Out.Flush(); }
                catch (IOException) // a full disk or a closed pipe: the image is there all the same
                { status = Say("standard output cannot be written; the image is in " + file + "; token " + job.Token, 1); }
            }
            return status;
        }
        catch (Exception error) when (error is AigcException || error is OperationCanceledException)
        {
            client.Close(TimeSpan.FromSeconds(10)); // everything ends here; only an answer on its way is waited for
            Say(error.Message + (job == null ? "" : "\n" + job.OutcomeText), 0);
            return job != null && job.Outcome == Outcome.Unknown ? 3 : interrupt.IsCancellationRequested ? 130 : 1;
        }
    }
}
