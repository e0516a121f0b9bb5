/** Next's types demand NODE_ENV of every environment, also of one for a program that is no Node. */
export function childEnvironment(variables: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  return variables as NodeJS.ProcessEnv
}
