const slider = document.getElementById("edge");
const compare = document.getElementById("compare");
if (slider && compare) {
  compare.classList.add("live");
  slider.addEventListener("input", () => compare.style.setProperty("--cut", slider.value + "%"));
}
