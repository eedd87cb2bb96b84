// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/operands.h"
#include "vulkan_listener.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>

#include <array>
#include <cmath>

namespace bwla::test {

/// Two products of one input, of a row and of a batch: what is chosen for them and what comes out.
inline std::vector<float> products(Backend& backend, WeightKind kind, int bits, int batch) {
    const auto first = backend.upload(randomLinear(kind, 130, 400, 1));
    const auto second = backend.upload(randomLinear(kind, 64, 400, 2));
    const auto input = backend.upload(randomInput(400, 0, 0, 3));
    Buffer x;
    std::array<Buffer, 2> out;
    const auto plan = backend.record(
        [&](Recorder& recorder) {
            x = recorder.buffer(400);
            out = {recorder.buffer(130), recorder.buffer(64)};
            const std::array targets{LinearTarget{first.get(), out[0], false},
                                     LinearTarget{second.get(), out[1], false}};
            recorder.linear(recorder.prepare({}, *input, x, bits), targets);
        },
        batch);
    plan->write(x, randomFloats(400 * batch, 4));
    const std::vector<std::int32_t> tokens(static_cast<std::size_t>(batch), 0);
    backend.run(*plan, {tokens});
    auto values = plan->read(out[0], batch);
    const auto more = plan->read(out[1], batch);
    values.insert(values.end(), more.begin(), more.end());
    return values;
}

inline bool agree(const std::vector<float>& got, const std::vector<float>& expected) {
    double largest = 0;
    double worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        largest = std::max(largest, std::abs(double{expected[i]}));
        worst = std::max(worst, std::abs(double{got[i]} - expected[i]));
    }
    return got.size() == expected.size() && worst <= 1e-5 * largest;
}

inline const KernelMissing* missing(const KernelReport& report, const std::string& kernel) {
    for (const KernelMissing& one : report.missing)
        if (one.kernel == kernel)
            return &one;
    return nullptr;
}

/// A device under the validation layer, and a folder of what is remembered of it.
class ChoiceFixture {
public:
    [[nodiscard]] VulkanOptions options(KernelMode mode = KernelMode::measure) {
        VulkanOptions options = listener_.options();
        options.kernels = mode;
        options.kernelCache = folder_.path().toStdString();
        return options;
    }
    /// Text of the only file of the cache.
    [[nodiscard]] QFile cacheFile() const {
        return QFile(folder_.filePath(QDir(folder_.path()).entryList(QDir::Files).value(0)));
    }
    [[nodiscard]] bool cacheIsEmpty() const { return QDir(folder_.path()).isEmpty(); }
    void forget() {
        for (const QString& name : QDir(folder_.path()).entryList(QDir::Files))
            QFile::remove(folder_.filePath(name));
    }
    [[nodiscard]] QString heard() const { return listener_.heard(); }

private:
    QTemporaryDir folder_;
    VulkanListener listener_;
};

} // namespace bwla::test
