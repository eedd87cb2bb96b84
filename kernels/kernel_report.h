// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bwla {

/// Who computes one kind of work, and why it does.
struct KernelUse {
    std::string work{};       ///< "levels 4096 x 14336, 1 row", for instance
    std::string kernel{};     ///< name and shape of the variant
    bool measured = false;    ///< it was the fastest when they were timed; otherwise the default
    int candidates = 0;       ///< how many were timed
    double gbPerSecond = 0;   ///< of weights, where measured
    bool byProcessor = false; ///< the default is the best that the processor's instructions allow
};

/// A variant that is not used.
struct KernelMissing {
    std::string kernel;  ///< "packed dot product", "gemv_levels"
    bool failed = false; ///< its results were wrong; otherwise the device lacks what it needs
    std::string detail;  ///< of the failure
};

/// What a backend computes with. Empty where it has no choice to report.
struct KernelReport {
    std::vector<KernelUse> uses; ///< of the plans recorded so far
    std::vector<KernelMissing> missing;
    bool checked =
        false;       ///< every kernel agreed with its scalar twin, now or when it was first used
    double roof = 0; ///< GB/s that the device's memory delivers, where measured
    std::string rememberedIn; ///< file of the choice; empty = none
};

} // namespace bwla
