#include "gonio/base.h"
#include <stdio.h>
int main(void) {
    printf("gonio %s\n", gn_version());
    return 0;
}
