// Times as people write them in settings and options. No I/O.

export const DAY_SECONDS = 86_400;
const UNITS = { s: 1, m: 60, h: 3600, d: DAY_SECONDS } as const;

/** The seconds of a time such as `90s`, `2m`, `1h` or `3d`; undefined for anything else. */
export function spanSeconds(given: string): number | undefined {
    const [, count, unit] = /^(\d{1,5})([smhd])$/.exec(given) ?? [];
    return unit === undefined ? undefined : Number(count) * UNITS[unit as keyof typeof UNITS];
}

/** The same for a time from `least` seconds to one day; undefined for anything else. */
export function secondsOf(given: string, least = 1): number | undefined {
    const seconds = spanSeconds(given) ?? -1;
    return seconds >= least && seconds <= DAY_SECONDS ? seconds : undefined;
}

/** The seconds since 1970 of `10m` before now, or of a time such as 2026-11-26T10:00:00Z; undefined for anything else. */
export function sinceSeconds(given: string, now: number): number | undefined {
    const span = spanSeconds(given);
    if (span !== undefined) return Math.floor(now / 1000) - span;
    const at = /^\d{4}-\d{2}-\d{2}/.test(given) ? Date.parse(given) : Number.NaN;
    return Number.isNaN(at) ? undefined : Math.floor(at / 1000);
}

/** A time as a person says it: `45 s`, `12 min`, `3 h` or `4 d`, rounded down. `seconds` below zero count as none. */
export function spanText(seconds: number): string {
    if (seconds < 120) return `${Math.max(Math.floor(seconds), 0)} s`;
    if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 2 * DAY_SECONDS) return `${Math.floor(seconds / 3600)} h`;
    return `${Math.floor(seconds / DAY_SECONDS)} d`;
}

/** How long before `now` a time in milliseconds is, in the same form. */
export function ageText(at: number, now: number): string {
    return spanText((now - at) / 1000);
}
