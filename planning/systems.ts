// The operating systems that hosts on EC2 may run.

/** Systems whose official images Skep can find. `suite` is also the suite of Docker's packages. */
export const SYSTEMS = {
    "debian-12": { distribution: "debian", suite: "bookworm" },
    "debian-13": { distribution: "debian", suite: "trixie" },
    "ubuntu-22.04": { distribution: "ubuntu", suite: "jammy" },
    "ubuntu-24.04": { distribution: "ubuntu", suite: "noble" },
} as const;
export type System = keyof typeof SYSTEMS;
