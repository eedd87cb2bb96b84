// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/machine_memory.h"

#include <fstream>
#include <limits>
#include <string>

namespace bwla {

std::int64_t availableMemory() {
    std::ifstream file("/proc/meminfo"); // "MemAvailable:   22816480 kB"
    std::string name;
    for (std::int64_t kilobytes = 0; file >> name >> kilobytes;) {
        if (name == "MemAvailable:")
            return kilobytes * 1024;
        file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    return 0;
}

} // namespace bwla
