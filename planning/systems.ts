// The operating systems that hosts on EC2 may run.

/**
 * Systems whose official images Skep can find. `suite` is also the suite of Docker's packages. Docker makes no packages of
 * old engines for new systems: `firstEngine` is the oldest that there is.
 */
export const SYSTEMS = {
    "debian-12": { distribution: "debian", suite: "bookworm" },
    "debian-13": { distribution: "debian", suite: "trixie", firstEngine: "28.1.0" },
    "ubuntu-22.04": { distribution: "ubuntu", suite: "jammy" },
    "ubuntu-24.04": { distribution: "ubuntu", suite: "noble", firstEngine: "26.0.0" },
    "ubuntu-26.04": { distribution: "ubuntu", suite: "resolute", firstEngine: "29.3.1" },
} as const;
export type System = keyof typeof SYSTEMS;
