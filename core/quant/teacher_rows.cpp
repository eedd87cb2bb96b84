// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/teacher_rows.h"

#include "core/quant/fused_ops.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <random>

namespace bwla {
namespace {

/// Which of `count` is the n-th to be read, when all are read once before any is read again. Each
/// is a golden section of all further on than the one before, so that even a part of a pass is
/// spread over the whole text; a pass begins where `seed` says. Drawn one by one, an eighth of a
/// text would be left unread by when the rest had been read twice and more.
std::int64_t inTurn(std::int64_t n, std::int64_t count, std::uint64_t seed) {
    std::seed_seq mixed{seed, seed >> 32U, static_cast<std::uint64_t>(n / count)};
    std::mt19937_64 random(mixed);
    const auto first = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(count));
    auto stride = static_cast<std::int64_t>(static_cast<double>(count) / std::numbers::phi);
    while (std::gcd(stride, count) != 1)
        ++stride;
    return (first + stride * (n % count)) % count;
}

} // namespace

WindowPool::WindowPool(const KlText& text, const std::string& device)
    : fileWindows_(static_cast<std::int64_t>(text.file.size())), fileShare_(text.fileShare) {
    const auto& any = text.file.empty() ? text.self : text.file;
    at::Tensor host = at::empty({fileWindows_ + static_cast<std::int64_t>(text.self.size()),
                                 static_cast<std::int64_t>(any.empty() ? 0 : any.front().size())},
                                at::kInt);
    auto* out = host.data_ptr<std::int32_t>();
    for (const auto* part : {&text.file, &text.self})
        for (const auto& window : *part)
            out = std::copy(window.begin(), window.end(), out);
    ids_ = host.to(at::Device(device));
}

std::vector<std::int64_t> WindowPool::draw(std::int64_t count, std::uint64_t seed,
                                           std::int64_t step) const {
    const auto ofFile = [this](std::int64_t places) {
        return static_cast<std::int64_t>(fileShare_ * static_cast<double>(places));
    };
    std::vector<std::int64_t> windows;
    for (std::int64_t place = step * count; place < (step + 1) * count; ++place) {
        const std::int64_t before = ofFile(place);
        windows.push_back(ofFile(place + 1) > before
                              ? inTurn(before, fileWindows_, seed)
                              : fileWindows_ +
                                    inTurn(place - before, size() - fileWindows_, seed + 1));
    }
    return windows;
}

std::vector<std::int64_t> WindowPool::sample(std::int64_t count, double fileShare) const {
    const std::int64_t others = size() - fileWindows_;
    const auto wanted =
        static_cast<std::int64_t>(std::ceil(fileShare * static_cast<double>(count)));
    const std::int64_t file = std::min(fileWindows_, std::max(wanted, count - others));
    const std::int64_t other = std::min(others, count - file);
    std::vector<std::int64_t> windows;
    for (std::int64_t i = 0; i < file; ++i)
        windows.push_back(i * fileWindows_ / file);
    for (std::int64_t i = 0; i < other; ++i)
        windows.push_back(fileWindows_ + i * others / other);
    std::shuffle(windows.begin(), windows.end(), std::mt19937_64(0)); // NOLINT: the same every run
    return windows;
}

at::Tensor WindowPool::ids(const std::vector<std::int64_t>& windows) const {
    // Not waiting for the copy keeps a GPU busy with the step before.
    const at::Tensor index =
        at::tensor(windows, at::kLong).to(ids_.device(), at::kLong, /*non_blocking=*/true);
    return ids_.index_select(0, index).to(at::kLong);
}

TeacherRows::TeacherRows(const ModelSource& source, const TrainingPlace& place,
                         const WindowPool& pool)
    : pool_(pool), model_(source, place, pool.tokens()) {
    const std::int64_t width = source.config().width;
    const std::int64_t bytes =
        pool.tokens() * width * static_cast<std::int64_t>(c10::elementSize(place.type));
    keeps_ = std::min(pool.size(), sparePlace(at::Device(place.device)) / bytes);
    kept_ = at::empty({keeps_, pool.tokens(), width},
                      at::TensorOptions().dtype(place.type).device(at::Device(place.device)));
    known_.resize(static_cast<std::size_t>(keeps_));
}

void TeacherRows::write(const std::vector<std::int64_t>& windows, at::Tensor& rows) {
    const at::NoGradGuard noGrad;
    std::vector<std::int64_t> missing;
    for (const std::int64_t window : windows)
        if (!isKnown(window))
            missing.push_back(window);
    compute(missing);
    std::size_t fresh = 0;
    for (std::size_t i = 0; i < windows.size(); ++i) {
        const bool isFresh = fresh < missing.size() && windows[i] == missing[fresh];
        rows.select(0, static_cast<std::int64_t>(i))
            .copy_(isFresh ? fresh_[fresh++] : kept_.select(0, windows[i]));
    }
    for (std::size_t i = 0; i < missing.size(); ++i)
        if (missing[i] < keeps_) {
            kept_.select(0, missing[i]).copy_(fresh_[i]);
            known_[static_cast<std::size_t>(missing[i])] = true;
        }
    fresh_.clear();
}

at::Tensor TeacherRows::of(const at::Tensor& ids) const {
    return model_(ids).rows.view({ids.size(0), ids.size(1), -1});
}

bool TeacherRows::isKnown(std::int64_t window) const {
    return window < keeps_ && known_[static_cast<std::size_t>(window)];
}

void TeacherRows::compute(const std::vector<std::int64_t>& windows) {
    // A CPU's products depend on how many rows they have: one window at a time gives a resumed run,
    // which keeps other windows, the same bytes.
    const std::size_t atOnce = kept_.is_cuda() ? std::max<std::size_t>(1, windows.size()) : 1;
    for (std::size_t first = 0; first < windows.size(); first += atOnce) {
        const auto from = windows.begin() + static_cast<std::ptrdiff_t>(first);
        const auto parts =
            of(pool_.ids({from, from + static_cast<std::ptrdiff_t>(atOnce)})).unbind();
        fresh_.insert(fresh_.end(), parts.begin(), parts.end());
    }
}

} // namespace bwla
