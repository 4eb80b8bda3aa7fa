// “Where am I”: sends the position in a request body, so that it appears in no address and no log.
const button = document.getElementById("find-me");
const message = document.getElementById("found");

function show(text) {
  message.textContent = text;
}

async function locate({ coords }) {
  const { latitude, longitude, accuracy } = coords;
  const answer = await fetch("/api/v1/units/locate", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang },
    body: JSON.stringify({ latitude, longitude, accuracy_m: accuracy }),
  });
  if (!answer.ok) throw new Error(answer.status);
  const { unit } = await answer.json();
  if (!unit) return show(button.dataset.nowhere);
  const lang = new URLSearchParams(location.search).get("lang");
  location.assign(button.dataset.unit + unit.code + (lang ? `?lang=${lang}` : ""));
}

if (button && "geolocation" in navigator) {
  button.hidden = false;
  button.addEventListener("click", () => {
    show(button.dataset.looking);
    const found = (position) => locate(position).catch(() => show(button.dataset.failed));
    const options = { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 };
    navigator.geolocation.getCurrentPosition(found, () => show(button.dataset.refused), options);
  });
}
