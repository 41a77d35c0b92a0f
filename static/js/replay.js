// After sign-in: sends on what was typed before the session ended, so that nobody need press twice.
document.querySelector("form[data-replay]")?.requestSubmit();
