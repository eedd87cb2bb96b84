// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/calibration.h"

#include "core/error.h"
#include "core/model/hash128.h"
#include "core/model/mapped_file.h"
#include "core/quant/self_text.h"
#include "core/text/start_of_text.h"
#include "core/text/tokenizer.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace bwla {
namespace {

constexpr std::string_view selfSuffix = "+self";

bool endsWithSelf(const std::string& name) {
    return name.size() > selfSuffix.size() && name.ends_with(selfSuffix);
}

std::string textPath(const std::string& calibration) {
    return endsWithSelf(calibration) ? calibration.substr(0, calibration.size() - selfSuffix.size())
                                     : calibration;
}

using Windows = std::vector<std::vector<std::int32_t>>;

/// Of `windows` that a file and the model share; each has one at least.
std::int64_t fileWindows(double share, std::int64_t windows) {
    return windows -
           std::clamp<std::int64_t>(std::llround((1.0 - share) * static_cast<double>(windows)), 1,
                                    windows - 1);
}

} // namespace

std::vector<std::int32_t> calibrationText(const ModelSource& model, const QuantizeSettings& s) {
    if (s.calibration == "self")
        return {};
    const std::string path = textPath(s.calibration);
    const auto file = MappedFile::open(path);
    const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()),
                                file->bytes().size());
    try {
        return Tokenizer(model.tokenizer()).encode(text, false);
    } catch (Error& error) {
        error.file = path;
        throw;
    }
}

Windows windowsOf(std::span<const std::int32_t> ids, std::int64_t window, std::int64_t most,
                  std::int64_t stride) {
    const auto size = static_cast<std::size_t>(window);
    const std::size_t next = stride > 0 ? static_cast<std::size_t>(stride) : size;
    Windows windows;
    for (std::size_t first = 0; first + size <= ids.size(); first += next) {
        if (static_cast<std::int64_t>(windows.size()) == most)
            break;
        const auto part = ids.subspan(first, size);
        windows.emplace_back(part.begin(), part.end());
    }
    return windows;
}

Windows selfWindows(const ModelSource& model, const SelfText& wanted, const QuantizeSettings& s,
                    const std::function<void(double)>& progress, std::stop_token stop) {
    const Tokenizer tokenizer(model.tokenizer());
    const std::int64_t length = std::min({wanted.sample, wanted.window, model.config().context});
    const std::int64_t windows = std::max<std::int64_t>(1, wanted.tokens / wanted.window);
    // One token more than is needed a sample, because an empty prompt's separator is taken out.
    const std::int64_t count = windows * wanted.window / std::max<std::int64_t>(1, length - 1) + 1;
    const PromptSettings prompts{wanted.openings, wanted.pieceTokens, length};
    const Windows texts =
        writeTexts(model, selfPrompts(tokenizer, wanted.continued, count, prompts), length, s.seed,
                   s.device, progress, std::move(stop));
    const std::int32_t separator = startOfText(tokenizer.data());
    std::vector<std::int32_t> ids;
    for (const auto& text : texts)
        ids.insert(ids.end(), text.begin() + (text.front() == separator && text.size() > 1 ? 1 : 0),
                   text.end());
    return windowsOf(ids, wanted.window, windows);
}

std::int64_t Calibration::tokens() const {
    std::int64_t total = 0;
    for (const auto& window : windows)
        total += static_cast<std::int64_t>(window.size());
    return total;
}

std::string calibrationIdentity(const QuantizeSettings& s) {
    if (s.calibration == "self")
        return "self";
    const auto file = MappedFile::open(textPath(s.calibration));
    return hash128(file->bytes()) + (endsWithSelf(s.calibration) ? "+self" : "");
}

bool hasSelf(const QuantizeSettings& s) {
    return s.calibration == "self" || endsWithSelf(s.calibration);
}

Calibration makeCalibration(const ModelSource& model, const QuantizeSettings& s,
                            const std::function<void(double)>& progress, std::stop_token stop) {
    Calibration calibration;
    calibration.description = calibrationIdentity(s);
    const std::vector<std::int32_t> text = calibrationText(model, s);
    const bool both = endsWithSelf(s.calibration);
    const std::int64_t window =
        std::min({calibrationWindow, both ? s.tokens / 2 : s.tokens, model.config().context});
    const std::int64_t windows = std::max<std::int64_t>(1, s.tokens / window);
    if (s.calibration != "self") {
        const std::int64_t most = both ? fileWindows(s.fileShare, windows) : windows;
        const std::int64_t least = both ? 1 : windows; // the model writes the rest
        calibration.windows = windowsOf(text, window, most);
        if (static_cast<std::int64_t>(calibration.windows.size()) < least)
            throw Error(ErrorCode::textTooShort)
                .in(textPath(s.calibration))
                .wanted(least * window)
                .got(static_cast<std::int64_t>(text.size()));
    }
    if (hasSelf(s)) {
        const std::int64_t rest = windows - static_cast<std::int64_t>(calibration.windows.size());
        auto self =
            selfWindows(model, {.window = window, .tokens = rest * window, .continued = text}, s,
                        progress, std::move(stop));
        std::move(self.begin(), self.end(), std::back_inserter(calibration.windows));
    }
    return calibration;
}

} // namespace bwla
