// A phone with the engine of ODK Web Forms: it opens forms, answers them, and gives finished XML.
//
// One process serves a whole run of tests. Each line of its input is a form to fill, as JSON; each
// line of its output is the finished instance, or why the form took no such answer. It keeps nothing
// from one line to the next: entity lists are told with every form by whoever owns the phone
// (tests/odk/webforms.py), so that two phones are two owners.
//
//   {"form": "<h:html…", "lists": {"keluarga": "name,label,…"}, "answers": {"anggota[2]/nik": "…"},
//    "again": {…} | null, "edited": "<data…" | null, "newRepeats": {"anggota": 1}, "deviceID": "…"}
import { createInterface } from 'node:readline';
import { JSDOM } from 'jsdom';

const STEPS_MAX = 20_000; // More than any form has; a form that asks longer than this never ends.
const EMPTY_LIST = 'name,label,__version,__trunkVersion,__branchId\n'; // Nothing fetched yet.
const PAGE_NAMES = [
  'window', 'document', 'Node', 'Element', 'Attr', 'Text', 'Comment', 'CDATASection', 'Document',
  'XMLDocument', 'DOMParser', 'XMLSerializer', 'NodeFilter', 'HTMLElement', 'localStorage', 'File',
  'Blob', 'FormData', 'FileReader',
];

const { loadForm } = await engine();

// The engine expects a page around it. Its parser for XPath is WebAssembly whose loader looks for
// files of its own wherever it finds a `process`, so there is none until it has come up.
async function engine() {
  const page = new JSDOM('<!doctype html>', { url: 'http://phone.invalid/' });
  for (const name of PAGE_NAMES) globalThis[name] = page.window[name];
  const { process } = globalThis;
  const there = (value) =>
    Object.defineProperty(globalThis, 'process', { value, configurable: true, writable: true });
  there(undefined);
  try {
    const loaded = await import('@getodk/xforms-engine');
    await warmed(loaded.loadForm);
    return loaded;
  } finally {
    there(process);
  }
}

// The parser comes up at its own pace and says nothing: the first form that loads tells.
async function warmed(load) {
  const form = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
    <h:head><h:title>x</h:title><model><instance><data id="x"><a/></data></instance>
    <bind nodeset="/data/a" type="string" relevant="1 = 1"/></model></h:head>
    <h:body><input ref="/data/a"/></h:body></h:html>`;
  for (let turn = 0; turn < STEPS_MAX; turn += 1) {
    try {
      if ((await load(form)).status !== 'failure') return;
    } catch { /* not yet */ }
    await new Promise((next) => setImmediate(next));
  }
  throw new Error('the engine never came up');
}

class Refused extends Error {
  constructor(question, why, message = '') {
    super(`${question}: ${why} ${message}`);
    Object.assign(this, { question, why, said: message });
  }
}

// Filling ---------------------------------------------------------------------------------------

async function fill({ form, lists, answers, again, edited, newRepeats, deviceID }) {
  const loaded = await loadForm(form, {
    fetchFormAttachment: async (url) => {
      const name = String(url).split('/').pop().replace(/\.csv$/, '');
      return new Response(lists[name] ?? EMPTY_LIST, { headers: { 'content-type': 'text/csv' } });
    },
  });
  if (loaded.status === 'failure') throw loaded.error;
  const { root } = await opened(loaded, edited, deviceID);
  const asked = [];
  for (const told of [answers, again]) {
    if (told) walk(root, told, { ...newRepeats }, asked);
  }
  return { xml: await finished(root), asked };
}

// A form that was sent before is opened as the engine opens it: its id becomes the deprecated one.
async function opened(loaded, edited, deviceID) {
  const config = {
    preloadProperties: { deviceID },
    instanceAttachments: { fileNameFactory: ({ basename, extension }) => `${basename}${extension ?? ''}` },
  };
  if (!edited) return loaded.createInstance(config);
  const resolveInstance = () => edited;
  const input = { inputType: 'FORM_INSTANCE_INPUT_RESOLVABLE', resolveInstance, attachments: new Map() };
  return loaded.editInstance(input, config);
}

// From the first question to the last one that there is, as somebody swipes: an answer may bring
// questions or take them away, so what comes next is looked for anew each time.
function walk(root, answers, newRepeats, asked) {
  const open = new Set(Object.keys(answers));
  const done = new Set();
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const question = next(root, done, newRepeats);
    if (!question) {
      if (open.size) throw Object.assign(new Error('never asked'), { neverAsked: [...open].sort() });
      return;
    }
    done.add(question.nodeId);
    const name = nameOf(question);
    asked.push(shown(question, name));
    if (open.delete(name)) answer(question, name, answers[name]);
    const { violation } = question.validationState;
    if (violation) throw new Refused(name, violation.condition, violation.message?.asString ?? '');
  }
  throw new Error('the form has no end');
}

function next(node, done, newRepeats) {
  if (!node.currentState.relevant || node.nodeType === 'model-value') return null;
  const { children } = node.currentState;
  if (!children) return done.has(node.nodeId) ? null : node;
  for (const child of children) {
    const found = next(child, done, newRepeats);
    if (found) return found;
  }
  return node.nodeType === 'repeat-range:uncontrolled' ? another(node, done, newRepeats) : null;
}

function another(range, done, newRepeats) {
  const name = range.currentState.reference.split('/').pop();
  if (!(newRepeats[name] > 0)) return null;
  newRepeats[name] -= 1;
  range.addInstances(range.currentState.children.length - 1);
  return next(range, done, newRepeats);
}

// `anggota[2]/nik`: repeats with their positions, and the question itself.
function nameOf(node) {
  const steps = node.currentState.reference.split('/').slice(1);
  const around = steps.slice(0, -1).filter((one) => one.endsWith(']'));
  return [...around, steps.at(-1)].join('/');
}

function shown(node, name) {
  const { label, instanceValue, valueOptions } = node.currentState;
  const choices = (valueOptions ?? []).map((one) => one.value);
  return { question: name, label: label?.asString.trim() ?? '', value: instanceValue, choices };
}

function answer(node, name, told) {
  if (node.currentState.readonly) throw new Refused(name, 'readonly');
  switch (node.nodeType) {
    case 'select': return choose(node, name, told === null || told === '' ? [] : [told].flat());
    case 'input': return node.setValue(typed(node, told));
    case 'upload': return node.setValue(told ? new File(['x'], told) : null);
    default: throw new Error(`nobody can answer ${node.nodeType} ${name}`);
  }
}

function choose(node, name, wanted) {
  const offered = new Set(node.currentState.valueOptions.map((one) => one.value));
  if (!wanted.every((one) => offered.has(one))) {
    throw new Refused(name, 'not-offered', `of ${offered.size} choices`);
  }
  return node.selectValues(wanted);
}

function typed(node, told) {
  if (node.valueType !== 'geopoint') return told === null ? '' : String(told);
  const [latitude, longitude, altitude = null, accuracy = null] = told;
  return { latitude, longitude, altitude, accuracy };
}

async function finished(root) {
  const payload = await root.prepareInstancePayload({ payloadType: 'monolithic' });
  if (payload.status !== 'ready') {
    const [first] = payload.violations;
    const name = first.reference.split('/').pop();
    throw new Refused(name, first.violation.condition, first.violation.message?.asString ?? '');
  }
  return text(payload.data[0].get('xml_submission_file'));
}

function text(file) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => fail(reader.error);
    reader.readAsText(file);
  });
}

// The line --------------------------------------------------------------------------------------

function told(error) {
  if (error instanceof Refused) {
    return { refused: { question: error.question, why: error.why, message: error.said } };
  }
  if (error.neverAsked) return { neverAsked: error.neverAsked };
  return { broken: String(error.stack ?? error) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const said = await fill(JSON.parse(line)).catch(told);
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
