// Labels of everything that a lab makes on this machine's engine: containers, volumes, networks.

/** The stack's name. */
export const STACK_LABEL = "io.skep.stack";
/** The id of the clone of the project that made it (lab/project.ts). */
export const PROJECT_LABEL = "io.skep.project";
