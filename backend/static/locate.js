// “Where am I”: sends the position in a request body, so that it appears in no address and no log.
export function locate(button) {
  const message = document.getElementById("found");
  const show = (text) => { message.textContent = button.dataset[text]; };

  async function open({ coords }) {
    const { latitude, longitude, accuracy } = coords;
    const answer = await fetch("/api/v1/units/locate", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang },
      body: JSON.stringify({ latitude, longitude, accuracy_m: accuracy }),
    });
    if (!answer.ok) throw new Error(answer.status);
    const { unit } = await answer.json();
    if (!unit) return show("nowhere");
    const lang = new URLSearchParams(location.search).get("lang");
    location.assign(button.dataset.unit + unit.code + (lang ? `?lang=${lang}` : ""));
  }

  show("looking");
  const options = { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 };
  navigator.geolocation.getCurrentPosition((found) => open(found).catch(() => show("failed")), () => show("refused"), options);
}
