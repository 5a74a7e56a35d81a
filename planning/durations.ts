// Times as people write them in settings and options. No I/O.

/** The seconds of a time such as `90s`, `2m` or `1h`, from no second to one day; undefined for anything else. */
export function secondsOf(given: string): number | undefined {
    const [, count, unit] = /^(\d{1,5})([smh])$/.exec(given) ?? [];
    const seconds = Number(count) * { s: 1, m: 60, h: 3600 }[(unit ?? "s") as "s" | "m" | "h"];
    return seconds <= 86_400 ? seconds : undefined;
}
