// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/cpu_features.h"

#include <QTest>

#include <string>

namespace bwla::test {

/// Every level this processor has as a row of column "level".
inline void addLevels() {
    QTest::addColumn<std::string>("level");
    const CpuLevel best = bestLevel(detectCpuFeatures());
    for (const CpuLevel level : {CpuLevel::portable, CpuLevel::avx2, CpuLevel::avx512})
        if (level <= best)
            QTest::newRow(levelName(level).data()) << std::string(levelName(level));
}

inline std::unique_ptr<Backend> cpuBackend(const std::string& level, int threads = 2) {
    qputenv("BWLA_CPU_LEVEL", level.c_str());
    auto backend = makeCpuBackend({threads});
    qunsetenv("BWLA_CPU_LEVEL");
    return backend;
}

/// Largest difference over the largest expected value.
inline double relativeError(std::span<const float> got, std::span<const float> expected) {
    double largest = 1e-30;
    double worst = got.size() == expected.size() ? 0 : 1e9;
    for (const float value : expected)
        largest = std::max(largest, std::abs(double{value}));
    for (std::size_t i = 0; i < std::min(got.size(), expected.size()); ++i)
        worst = std::max(worst, std::abs(double{got[i]} - expected[i]));
    return worst / largest;
}

} // namespace bwla::test

Q_DECLARE_METATYPE(std::string)
