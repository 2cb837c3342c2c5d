// Passkeys: asks the browser for one and sends its answer with the form. On the sign-in page the
// browser offers them in the name field too. Whatever goes wrong is said on the page, in sentences
// that came with it.

const webauthn = globalThis.SimpleWebAuthnBrowser;
const form = document.querySelector('form[data-passkey]');
const button = form.querySelector('[data-passkey-button]');
const problem = document.querySelector('[data-passkey-problem]');
const optionsJSON = JSON.parse(form.dataset.options);
const isSignIn = form.dataset.passkey === 'sign-in';
const openedAt = Date.now();
let isAsking = false;

async function ask(settings) {
  const start =
    form.dataset.passkey === 'enroll' ? webauthn.startRegistration : webauthn.startAuthentication;
  const answer = await start({ optionsJSON, ...settings });
  form.elements.passkey.value = JSON.stringify(answer);
  // Not `requestSubmit`: a passkey alone needs neither name nor password.
  form.submit();
}

/** Offers passkeys in the list that opens below the name field; nothing is said when none is taken. */
async function offerInField() {
  if (!(await webauthn.browserSupportsWebAuthnAutofill())) return;
  ask({ useBrowserAutofill: true }).catch(() => {});
}

async function press() {
  if (isAsking) return;
  isAsking = true;
  problem.hidden = true;
  try {
    await ask({});
  } catch (error) {
    say(sentences[error.name] ?? 'failed');
    if (isSignIn) offerInField();
  }
  isAsking = false;
}

const sentences = {
  NotAllowedError: 'cancelled',
  AbortError: 'cancelled',
  InvalidStateError: 'known',
  ConstraintError: 'unsupported',
  NotSupportedError: 'unsupported',
  SecurityError: 'unsupported',
};

function say(sentence) {
  problem.querySelector('p').textContent = problem.dataset[sentence];
  problem.hidden = false;
}

/** What is asked for is asked for a few minutes only: a tab that was left asks anew on return. */
function renew() {
  const isOld = Date.now() - openedAt >= optionsJSON.timeout;
  const isTouched = [...form.elements].some(
    ({ value, defaultValue, checked, defaultChecked }) =>
      value !== (defaultValue ?? value) || checked !== defaultChecked,
  );
  if (document.hidden || !isOld || isTouched || isAsking) return;
  location.replace(form.action);
}

if (webauthn.browserSupportsWebAuthn()) {
  document.addEventListener('visibilitychange', renew);
  button.hidden = false;
  if (isSignIn) {
    button.addEventListener('click', press);
    offerInField();
  } else {
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      press();
    });
  }
} else if (!isSignIn) {
  button.hidden = true;
  say('unsupported');
}
