'use strict';
// usage: node generate.js [-c KEY=VALUE]... [--image URL]... PROVIDER PROMPT NAME
// One job, all of its images as NAME-<remote id>-<number>.<extension>. The token is printed as soon as the job is accepted.
// Ctrl-C, SIGTERM and SIGHUP: an answer on its way gets ten seconds, then the program says what is known about the job.
// Exit status: 0 all images are there, 1 something failed, 3 nobody knows whether the job runs, 130 ended by a signal.

const fs = require('node:fs');
const { Client, AigcError, constants } = require('..');

// A paid image needs a place: a file with a name of that length is tried before anything is sent, and removed again.
function tryPlace(name) {
  const probe = `${name}-${'x'.repeat(64)}`;
  fs.closeSync(fs.openSync(probe, 'a'));
  fs.unlinkSync(probe);
}

async function main(words) {
  const [config, imageUrls] = [{}, []];
  while (words[0]?.startsWith('-')) {
    const [option, value = ''] = words.splice(0, 2);
    if (option === '-c') config[value.split('=', 1)[0]] = value.slice(value.indexOf('=') + 1);
    else if (option === '--image' || option === '-image') imageUrls.push(value);
    else throw new Error(`unknown option ${option}`);
  }
  if (words.length !== 3) throw new Error('usage: node generate.js [-c KEY=VALUE]... [--image URL]... PROVIDER PROMPT NAME');
  const [provider, prompt, name] = words;
  tryPlace(name);
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => interrupt.abort());
  const client = new Client(config);
  let job;
  try {
    const { signal } = interrupt;
    const operation = provider === 'alibaba' ? 'pre_model_inference' : 'aigc_image';
    job = client.submit(provider, operation, { prompt }, { imageUrls });
    await job.accepted({ signal });
    console.error(`token ${job.token}`);
    await job.wait({ signal });
    for (const { index } of job.assets) {
      const file = await job.download(index, `${name}-${job.remoteId}-${index + 1}.*`).wait({ signal });
      try { fs.writeSync(1, `${file.path}\n`); } catch ({ code }) { // console.log() says nothing of a full disk or a closed pipe
        console.error(`standard output cannot be written (${code}); the image is in ${file.path}; token ${job.token}`);
        process.exitCode = 1;
      }
    }
  } catch (error) {
    await client.close(10000); // everything ends here; only an answer on its way is waited for
    console.error(error instanceof AigcError ? `${error.statusName}: ${error.message}` : error.message);
    if (job) console.error(job.outcomeText);
    process.exitCode = job?.outcome === constants.OUTCOME_UNKNOWN ? 3 : interrupt.signal.aborted ? 130 : 1;
  } finally {
    await client.close();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
