// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/cpu/cpu_features.h"

#include "kernels/kernel_error.h"

#include <sched.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <set>
#include <thread>

namespace bwla {

std::string_view levelName(CpuLevel level) {
    constexpr std::array<std::string_view, 4> names = {"reference", "portable", "avx2", "avx512"};
    return names[static_cast<std::size_t>(level)];
}

CpuFeatures detectCpuFeatures() {
    CpuFeatures features;
#if defined(__x86_64__)
    // libgcc's model also reads XCR0: a bit is set only where the system saves the registers.
    __builtin_cpu_init();
    features.avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
                    __builtin_cpu_supports("f16c") != 0;
    features.avx512 =
        features.avx2 && __builtin_cpu_supports("avx512f") != 0 &&
        __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
        __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512vnni") != 0 &&
        __builtin_cpu_supports("avx512vbmi") != 0;
#endif
    return features;
}

CpuLevel bestLevel(const CpuFeatures& features) {
    if (features.avx512)
        return CpuLevel::avx512;
    return features.avx2 ? CpuLevel::avx2 : CpuLevel::portable;
}

CpuLevel chosenLevel(const CpuFeatures& features) {
    const char* wanted = std::getenv("BWLA_CPU_LEVEL");
    const CpuLevel best = bestLevel(features);
    if (wanted == nullptr)
        return best;
    for (const CpuLevel level : {CpuLevel::portable, CpuLevel::avx2, CpuLevel::avx512}) {
        if (wanted != levelName(level))
            continue;
        if (level > best)
            throw KernelError(KernelErrorCode::unknownOverride, "BWLA_CPU_LEVEL",
                              "this processor has no " + std::string(wanted) + ", its best is " +
                                  std::string(levelName(best)));
        return level;
    }
    throw KernelError(KernelErrorCode::unknownOverride, "BWLA_CPU_LEVEL",
                      "unknown level \"" + std::string(wanted) +
                          "\", levels are portable, avx2, avx512");
}

std::string cpuName() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        const auto colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos)
            return line.substr(colon + 2);
    }
    return "cpu";
}

int physicalCores() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    std::set<std::string> cores;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &allowed))
            continue;
        std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                           "/topology/thread_siblings_list");
        std::string siblings;
        if (!std::getline(file, siblings))
            siblings = std::to_string(cpu);
        cores.insert(siblings); // the same text for every thread of a core
    }
    return cores.empty() ? 1 : static_cast<int>(cores.size());
}

} // namespace bwla
