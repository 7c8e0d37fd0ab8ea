"use strict";
document.documentElement.classList.add("live");
for (const wipe of document.querySelectorAll(".pair input")) {
  const move = () => {
    wipe.parentElement.style.setProperty("--cut", wipe.value + "%");
    wipe.setAttribute("aria-valuetext", wipe.value + " % of the earlier picture");
  };
  wipe.addEventListener("input", move);
  move();
}
