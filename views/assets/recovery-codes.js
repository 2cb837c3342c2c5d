// Recovery codes: copy, download as text, print. The buttons appear with the script; without it the
// codes can be written down or printed from the browser's menu.

const tools = document.querySelector('[data-recovery-tools]');
const status = tools.querySelector('[role="status"]');
const codes = [...document.querySelectorAll('[data-recovery-code]')].map(
  (code) => code.textContent,
);
const heading = [...document.querySelectorAll('[data-recovery-sheet] .print-only')].map((line) =>
  line.textContent.trim(),
);

const actions = {
  async copy() {
    try {
      await navigator.clipboard.writeText(codes.join('\n'));
      status.textContent = tools.dataset.copied;
    } catch {
      status.textContent = tools.dataset.copyFailed;
    }
  },
  download() {
    const text = [heading[0], location.origin, '', ...codes, '', heading[1], ''].join('\r\n');
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
    link.download = tools.dataset.file;
    link.click();
    // The codes must not stay behind in memory under an address.
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  },
  print() {
    window.print();
  },
};

for (const button of tools.querySelectorAll('[data-tool]')) {
  button.addEventListener('click', actions[button.dataset.tool]);
}
// Browsers offer the clipboard to secure pages only.
if (!navigator.clipboard) tools.querySelector('[data-tool="copy"]').remove();
tools.hidden = false;
