// What the stage says, in the visitor's language.

// Returns a function that translates a sentence and puts values in the place of {}, or {0}, {1}.
export function speak(words) {
  return (sentence, ...values) => {
    let next = 0;
    return (words[sentence] ?? sentence).replace(/\{(\d*)\}/g, (_, index) => values[index || next++] ?? '');
  };
}

export function amount(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

export function seconds(count) {
  return count < 90 ? `${Math.max(1, Math.round(count))} s` : `${Math.round(count / 60)} min`;
}

// Returns the sentence on how far a picture is, and the share of the work that is done.
export function statusOf(entry, say) {
  const passed = (Date.now() - (entry.heard ?? Date.now())) / 1000;
  const left = (from) => seconds(Math.max(1, (from ?? 0) - passed));
  const share = entry.total ? entry.done / entry.total : 0;
  switch (entry.phase) {
    case 'queued': return [say('Waiting to be sent'), 0];
    case 'uploading': return [say('Sending, {}%', Math.round(100 * (entry.sent ?? 0))), entry.sent ?? 0];
    case 'waiting':
      if (!entry.ahead) return [say('Waiting for its turn'), 0];
      return [entry.ahead === 1
        ? say('One picture before yours, about {}', left(entry.ahead_s))
        : say('{} pictures before yours, about {}', entry.ahead, left(entry.ahead_s)), 0];
    case 'reading': return [say('Reading the picture'), 0];
    case 'fetching': return [say('Fetching the network, {} of {}', amount(entry.done), amount(entry.total)), share];
    case 'looking': return [say('Looking at the noise') + comesBackAs(entry, say), 0];
    case 'cleaning': return [
      say('Cleaning, {} of {} parts, about {} left', entry.done, entry.total || '…', left(entry.left_s))
        + comesBackAs(entry, say), share];
    case 'done': return [doneWords(entry, say), 1];
    case 'cancelled': return [entry.sentence || say('Cancelled.'), 0];
    default: return [entry.sentence || say('Nothing was cleaned.'), 0];
  }
}

function comesBackAs(entry, say) {
  return entry.becomes ? `. ${say('It will come back as {}.', entry.becomes)}` : '';
}

function doneWords(entry, say) {
  const took = Object.values(entry.report.seconds).reduce((sum, one) => sum + one, 0);
  const sigma = entry.report.sigma_estimated;
  const found = sigma === null ? '' : ` ${say('Noise found: about {} of 255.', (255 * sigma).toFixed(1))}`;
  return say('Clean, in {}.', seconds(took)) + found;
}

// Returns the lines of a report: what was done, and what the visitor should know.
export function reportLines(entry, say) {
  const { report, warnings = [] } = entry, in255 = (sigma) => `${(255 * sigma).toFixed(1)}/255 (sigma ${sigma.toFixed(3)})`;
  const sources = {
    guessed: say('the network found it itself'), told: say('set by hand'),
    estimated: say('as found, corrected for white noise'), ignored: say('this network cannot be told'),
  };
  const stages = { read: say('reading'), estimate: say('estimating'), network: say('cleaning'), write: say('writing') };
  const lines = [
    say('{} x {} pixels by {} on {}, {}.', ...report.size, report.model, report.device, report.precision),
    say('Time: {}.', Object.entries(report.seconds).map(([stage, time]) => `${stages[stage] ?? stage} ${time.toFixed(1)} s`).join(', ')),
  ];
  if (report.textured_by) lines.push(say('Fine texture by {}: invented.', report.textured_by));
  if (report.sigma_estimated !== null) lines.push(say('Noise found: about {}.', in255(report.sigma_estimated)));
  if (report.guided_by) lines.push(say('The noise is not all white: {} worked on it.', report.guided_by));
  else if (report.sigma_used !== null) lines.push(say('Noise level used: {}, {}.', in255(report.sigma_used), sources[report.sigma_source]));
  else lines.push(say('Noise level: {}.', sources[report.sigma_source]));
  if (report.jpeg_step) lines.push(say('A JPEG, rounded to steps of about {}/255: its traces were removed, too.', (255 * report.jpeg_step).toFixed(1)));
  return [...lines, ...warnings];
}

// Returns the command that does the same to a file of that name.
export function commandLine(entry, { strength, detail }, { format, keepsExif }) {
  const { choice, name } = entry, parts = ['python', '-m', 'denoise', 'run', quote(name), '-o', 'denoised', '--model', quote(choice.model)];
  parts.push('--format', format || entry.format);
  if (!keepsExif) parts.push('--no-exif');
  if (choice.sigma !== null) parts.push('--sigma', `${Math.round(choice.sigma * 25500) / 100}/255`);
  for (const [option, value, usual] of [['strength', strength, 1], ['texture', choice.texture, 0], ['detail', detail, 0]]) {
    if (value !== usual) parts.push(`--${option}`, String(value));
  }
  if (choice.ensemble) parts.push('--ensemble');
  return parts.join(' ');
}

function quote(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\"'\"'")}'`;
}
