// Where the phone is: the best fix of the last moments, with its accuracy, or why there is none.

// As good as a phone gets outside; a commune is hundreds of times larger.
export const GOOD_M = 30;
// Still fit to tell the commune nearly everywhere; above it waiting is worth the time.
export const FAIR_M = 150;
// Older ones are of another place where somebody walks.
const FRESH_MS = 50_000;

export class Place {
  constructor(onChange) {
    this.onChange = onChange;
    this.fixes = [];
    this.refused = false;
    this.watching = null;
  }

  // Begin to look; the browser asks the person at the first time.
  start() {
    if (this.watching !== null || !navigator.geolocation) return;
    this.watching = navigator.geolocation.watchPosition(
      (fix) => this.take(fix),
      (error) => this.fail(error),
      { enableHighAccuracy: true, maximumAge: 0, timeout: 30_000 },
    );
  }

  stop() {
    if (this.watching !== null) navigator.geolocation.clearWatch(this.watching);
    this.watching = null;
  }

  take({ coords, timestamp }) {
    this.refused = false;
    const { latitude, longitude, accuracy, speed } = coords;
    // Some browsers count the time of a fix from another moment than 1970.
    const at = Math.abs(timestamp - Date.now()) < 600_000 ? timestamp : Date.now();
    this.fixes = [...this.fixes.filter(fresh), { latitude, longitude, accuracy, speed, at }];
    this.onChange(this);
  }

  fail(error) {
    this.refused = error.code === error.PERMISSION_DENIED;
    if (this.refused) this.stop();
    this.onChange(this);
  }

  // The most accurate of the fresh ones; of equals the newest.
  best() {
    const order = (one, other) => one.accuracy - other.accuracy || other.at - one.at;
    return this.fixes.filter(fresh).sort(order)[0] ?? null;
  }

  // Wait until a fix is good enough, refused, or so much time has passed.
  async until(accuracy, ms) {
    const ends = Date.now() + ms;
    const enough = () => this.refused || this.best()?.accuracy <= accuracy;
    while (!enough() && Date.now() < ends) await new Promise((done) => setTimeout(done, 200));
    return this.best();
  }
}

const fresh = (fix) => Date.now() - fix.at < FRESH_MS;

export const asSent = (fix) =>
  fix && {
    latitude: fix.latitude,
    longitude: fix.longitude,
    accuracy_m: fix.accuracy,
    provider: "browser",
    fixed_at: new Date(fix.at).toISOString(),
  };
