/* cgroup_tree.h: a file system of cgroups and a membership file, built of
 * ordinary files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_CGROUP_TREE_H
#define TESTS_UNIT_CGROUP_TREE_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree_folder[64];

static int tree_remove(const char *path, const struct stat *status, int type,
                       struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static void tree_begin(void)
{
    snprintf(tree_folder, sizeof tree_folder, P_tmpdir "/test_cgroup.XXXXXX");
    if (mkdtemp(tree_folder) == NULL)
        abort();
}

static void tree_end(void)
{
    nftw(tree_folder, tree_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file of the tree, making its folders. */
static void tree_put(const char *path, const char *content)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s/%s", tree_folder, path);
    for (char *at = whole + strlen(tree_folder) + 1;
         (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        mkdir(whole, 0755);
        *at = '/';
    }
    FILE *file = fopen(whole, "w");
    if (file == NULL || fputs(content, file) < 0)
        abort();
    fclose(file);
}

/* The path of a file or folder of the tree; two of them are valid at a time. */
static const char *tree_path(const char *name)
{
    static char paths[2][512];
    static size_t next;
    char *path = paths[next++ % 2];
    snprintf(path, sizeof paths[0], "%s/%s", tree_folder, name);
    return path;
}

#endif
