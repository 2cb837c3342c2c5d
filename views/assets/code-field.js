// The code field: blanks are dropped, the last digit sends the form, and the time that the current
// code has left is shown softly. Without this script the field and its button work just the same.

for (const field of document.querySelectorAll('input[data-digits]')) sendOnLastDigit(field);
for (const countdown of document.querySelectorAll('[data-period]')) count(countdown);

function sendOnLastDigit(field) {
  const { form } = field;
  const digits = Number(field.dataset.digits);
  let isSent = false;

  field.addEventListener('input', () => {
    const typed = field.value.replace(/[\s-]/g, '');
    // Writing the value moves the cursor to the end, so it is written only when it differs.
    if (typed !== field.value) field.value = typed;
    const isWhole = typed.length === digits && /^\d+$/.test(typed);
    if (isWhole && !isSent && form.checkValidity()) form.requestSubmit();
  });

  // A code works once: sent twice, the second answer would say that it was used already.
  form.addEventListener('submit', (event) => {
    if (isSent) event.preventDefault();
    isSent = true;
  });
  window.addEventListener('pageshow', () => {
    isSent = false;
  });
}

function count(countdown) {
  const period = Number(countdown.dataset.period);
  const text = countdown.querySelector('[data-remaining]');
  const ring = countdown.querySelector('.left');

  const show = () => {
    const left = period - ((Date.now() / 1000) % period);
    text.textContent = countdown.dataset.words.replace('{seconds}', String(Math.ceil(left)));
    ring.style.strokeDashoffset = String(1 - left / period);
    countdown.classList.toggle('ending', left <= 5);
  };
  show();
  countdown.hidden = false;
  setInterval(show, 1000);
}
