// Watches the position of the phone and returns the best recent fix.

// Typical outdoors; a commune is hundreds of times larger.
export const GOOD_M = 30;
// Determines the commune almost everywhere; above it waiting for a better fix pays.
export const FAIR_M = 150;
// Older fixes are of another place if the user walks.
const MAX_FIX_AGE_MS = 50_000;
// The place of a person who walks is less certain by this much with each second.
const WALK_M_PER_MS = 1.5 / 1_000;

export class PositionWatch {
  constructor(onChange) {
    this.onChange = onChange;
    this.fixes = [];
    this.refused = false;
    this.watching = null;
  }

  // Start watching; the browser asks for permission the first time.
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
    // Some browsers give timestamps with another epoch than 1970.
    const at = Math.abs(timestamp - Date.now()) < 600_000 ? timestamp : Date.now();
    this.fixes = [...this.fixes.filter(recent), { latitude, longitude, accuracy, speed, at }];
    this.onChange(this);
  }

  fail(error) {
    this.refused = error.code === error.PERMISSION_DENIED;
    if (this.refused) this.stop();
    this.onChange(this);
  }

  // The recent fix that says best where the phone is now.
  best() {
    const error = ({ accuracy, at }) => accuracy + (Date.now() - at) * WALK_M_PER_MS;
    const order = (one, other) => error(one) - error(other);
    return this.fixes.filter(recent).sort(order)[0] ?? null;
  }

  // Wait for a fix of this accuracy, a refusal, or the end of the time.
  async until(accuracy, ms) {
    const ends = Date.now() + ms;
    const enough = () => this.refused || this.best()?.accuracy <= accuracy;
    while (!enough() && Date.now() < ends) await new Promise((done) => setTimeout(done, 200));
    return this.best();
  }
}

const recent = (fix) => Date.now() - fix.at < MAX_FIX_AGE_MS;

export const toLocation = (fix) =>
  fix && {
    latitude: fix.latitude,
    longitude: fix.longitude,
    accuracy_m: fix.accuracy,
    provider: "browser",
    fixed_at: new Date(fix.at).toISOString(),
  };
