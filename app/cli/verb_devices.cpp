// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "kernels/bench.h"
#include "kernels/selftest.h"

#include <algorithm>

namespace bwla {
namespace {

/// The processor: the one device of this build.
struct Device {
    BackendInfo info;
    bool verified = false;    ///< every kernel agrees with its scalar twin
    double gbPerSecond = 0.0; ///< of the 1-bit product, weights from memory
    double roof = 0.0;
};

Device measure(int threads) {
    KernelBench bench(threads);
    const auto checks = selftest();
    return {.info = bench.info(),
            .verified = std::all_of(checks.begin(), checks.end(),
                                    [](const KernelCheck& check) { return check.ok; }),
            .gbPerSecond = bench.run({.format = BenchFormat::w1a6, .cold = true}).gbPerSecond,
            .roof = bench.roof()};
}

void devices(const Call& call) {
    const Device cpu = measure(call.options.threads);
    if (call.console.json()) {
        call.console.document(OrderedJson::array({{{"name", cpu.info.device},
                                                   {"uuid", nullptr},
                                                   {"type", "cpu"},
                                                   {"driver", nullptr},
                                                   {"variant", cpu.info.variant},
                                                   {"verified", cpu.verified},
                                                   {"gb_s", cpu.gbPerSecond},
                                                   {"roof_gb_s", cpu.roof}}}));
        return;
    }
    call.console.line(alignedLines(
        {{"Device", cpu.info.device + " (cpu, " + std::to_string(cpu.info.threads) + " threads)"},
         {"Kernels", cpu.info.variant + (cpu.verified ? ", all agree with their scalar twins"
                                                      : ", NOT all agree: see bwla selftest")},
         {"1-bit product", format("%.1f GB/s of weights", cpu.gbPerSecond)},
         {"Memory roof", format("%.1f GB/s", cpu.roof)}}));
}

} // namespace

void addDevices(Verbs& verbs) {
    verbs.add("devices", "What can compute here, and how fast it reads", devices);
}

} // namespace bwla
