<?php

// usage: php generate.php [-c KEY=VALUE]... [--image URL]... PROVIDER PROMPT NAME
// One job, all of its images as NAME-<remote id>-<number>.<extension>. The token is printed as soon as the job is accepted,
// and again if the program is interrupted.

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
if (extension_loaded('pcntl')) {
    pcntl_async_signals(true);
    foreach ([SIGINT, SIGTERM, SIGHUP] as $signal) {
        pcntl_signal($signal, fn () => throw new RuntimeException('interrupted', $signal));
    }
}
try {
    $client = new Aigc\Client($config);
    $operation = $provider === 'alibaba' ? 'pre_model_inference' : 'aigc_image';
    $job = $client->submit($provider, $operation, ['prompt' => $prompt], $images);
    while ($job->remoteId() === null && !$job->ended()) {
        usleep(20000);
    }
    fwrite(STDERR, $job->token() === null ? '' : "token {$job->token()}\n");
    $unwritten = false;
    foreach ($job->wait()->assets() as $asset) {
        $path = sprintf('%s-%s-%d.*', $name, $job->remoteId(), $asset->index + 1);
        $file = $job->download($asset->index, $path)->wait()->path();
        if (@fwrite(STDOUT, "$file\n") === false) { // A full disk or a closed pipe: the image is there all the same.
            $unwritten = true;
            fwrite(STDERR, "standard output cannot be written; the image is in $file; token {$job->token()}\n");
        }
    }
    exit($unwritten ? 1 : 0);
} catch (RuntimeException $e) {
    // A submission on the wire gets a moment for its answer, so that the id of a paid job is not lost.
    isset($client) && $client->close();
    $token = isset($job) ? $job->token() : null;
    fwrite(STDERR, ($e instanceof Aigc\Error ? $e->name() . ': ' : '') . $e->getMessage() . "\n");
    fwrite(STDERR, $token === null ? '' : "the job keeps running, its token: $token\n");
    exit($e instanceof Aigc\Error || $e->getCode() === 0 ? 1 : 130);
}
