<?php

// usage: php generate.php [-c KEY=VALUE]... [--image URL]... PROVIDER PROMPT NAME
// One job, all of its images as NAME-<remote id>-<number>.<extension>. The token is printed as soon as the job is accepted.
// Ctrl-C, SIGTERM and SIGHUP leave in good order, if PHP has pcntl: an answer on its way gets ten seconds, and then the
// program says whether the job runs. Exit status: 0 all images are there, 1 something failed, 2 wrong usage, 3 nobody knows
// whether the job runs, 130 ended by a signal.

declare(strict_types=1);

require __DIR__ . '/../aigc.php';

$config = $images = [];
$arguments = array_slice($argv, 1);
while (isset($arguments[0]) && str_starts_with($arguments[0], '-')) {
    $option = array_shift($arguments);
    $value = (string) array_shift($arguments);
    if ($option === '-c') {
        if (!str_contains($value, '=')) {
            exit("generate.php: -c takes KEY=VALUE\n");
        }
        [$key, $config[$key]] = explode('=', $value, 2);
    } elseif ($option === '--image' || $option === '-image') {
        $images[] = $value;
    } else {
        exit("generate.php: unknown option $option\n");
    }
}
if (count($arguments) !== 3) {
    fwrite(STDERR, "usage: php generate.php [-c KEY=VALUE]... [--image URL]... PROVIDER PROMPT NAME\n");
    exit(2);
}
[$provider, $prompt, $name] = $arguments;
// A paid image needs a place: a file with a name of that length is tried before anything is sent, and removed again.
$probe = $name . '-' . str_repeat('x', 64);
if (@file_put_contents($probe, '') === false) {
    fwrite(STDERR, "$name: no image can be written there\n");
    exit(1);
}
unlink($probe);
$interrupted = false; // a signal ends no wait: it is only noted, and the waits look at that
if (extension_loaded('pcntl')) {
    pcntl_async_signals(true);
    foreach ([SIGINT, SIGTERM, SIGHUP] as $signal) {
        pcntl_signal($signal, function () use (&$interrupted): void {
            $interrupted = true;
        });
    }
}
try {
    $client = new Aigc\Client($config);
    $operation = $provider === 'alibaba' ? 'pre_model_inference' : 'aigc_image';
    $job = $client->submit($provider, $operation, ['prompt' => $prompt], $images);
    $told = $unwritten = false;
    $wait = function (Aigc\Job $task) use ($client, $job, &$interrupted, &$told): Aigc\Job {
        while (!$task->ended()) {
            if ($interrupted) {
                $client->close(10); // ends everything here; only an answer on its way is waited for
            }
            if (!$told && $job->token() !== null) {
                $told = fwrite(STDERR, "token {$job->token()}\n") !== false;
            }
            usleep(20000);
        }
        return $task->wait();
    };
    foreach ($wait($job)->assets() as $asset) {
        $path = sprintf('%s-%s-%d.*', $name, $job->remoteId(), $asset->index + 1);
        $file = $wait($job->download($asset->index, $path))->path();
        if (@fwrite(STDOUT, "$file\n") === false) { // A full disk or a closed pipe: the image is there all the same.
            $unwritten = true;
            fwrite(STDERR, "standard output cannot be written; the image is in $file; token {$job->token()}\n");
        }
    }
    $client->close();
    exit($unwritten ? 1 : 0);
} catch (RuntimeException $e) {
    isset($client) && $client->close(10);
    fwrite(STDERR, ($e instanceof Aigc\Error ? $e->name() . ': ' : '') . $e->getMessage() . "\n");
    fwrite(STDERR, isset($job) ? $job->outcomeText() . "\n" : '');
    exit(isset($job) && $job->outcome() === Aigc\Native::OUTCOME_UNKNOWN ? 3 : ($interrupted ? 130 : 1));
}
