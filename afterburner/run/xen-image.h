/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the hypervisor Xen on this machine and unpacks it for QEMU. */
#ifndef AFTERBURNER_RUN_XEN_IMAGE_H
#define AFTERBURNER_RUN_XEN_IMAGE_H

/* Where Xen is: `named` (an option's value, or NULL), else the environment's AFTERBURNER_XEN, else
 * the newest of /boot, else the copy that ./check and ./demo fetch. To be freed; NULL when there is
 * none. What is named is given whether it exists or not. */
char *xen_image_look(const char *named);

/* The same, with a message when there is none. */
char *xen_image_find(const char *named);

/* Unpacks Xen (gzip-compressed or not) into a file in memory and checks that it is what QEMU's
 * -kernel takes, an ELF image with a multiboot header. Gives its descriptor, which exec closes, or
 * -1 and in `*wrong` why not, to be freed. */
int xen_image_open(const char *path, char **wrong);

/* The command that fetches Xen without installing it (the package would make it a choice of the
 * machine's boot loader); to be freed. */
char *xen_image_remedy(void);

#endif
