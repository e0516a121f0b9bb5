/** What menus are made of, in a module of its own: it is loaded when the first menu is about to open. */
export { DropdownMenu } from 'radix-ui'
