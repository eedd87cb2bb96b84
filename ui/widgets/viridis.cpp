// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/viridis.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace bwla::ui {
namespace {

// Ten evenly spaced colours of viridis (S. van der Walt, N. Smith, E. Firing; CC0), linear between.
constexpr std::array<QRgb, 10> anchors{0xff440154, 0xff482878, 0xff3e4989, 0xff31688e, 0xff26828e,
                                       0xff1f9e89, 0xff35b779, 0xff6ece58, 0xffb5de2b, 0xfffde725};

double linear(double channel) {
    return channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
}

} // namespace

QColor viridis(double share) {
    if (std::isnan(share))
        return {};
    const double at = std::clamp(share, 0.0, 1.0) * (anchors.size() - 1);
    const auto below = std::min(static_cast<std::size_t>(at), anchors.size() - 2);
    const double weight = at - static_cast<double>(below);
    const auto mix = [&](int (*channel)(QRgb)) {
        return static_cast<int>(std::lround((1.0 - weight) * channel(anchors.at(below)) +
                                            weight * channel(anchors.at(below + 1))));
    };
    return {mix(qRed), mix(qGreen), mix(qBlue)};
}

QColor textOn(const QColor& back) {
    const double luminance = 0.2126 * linear(back.redF()) + 0.7152 * linear(back.greenF()) +
                             0.0722 * linear(back.blueF());
    return luminance > 0.179 ? QColor(Qt::black) : QColor(Qt::white); // 4.58:1 at least
}

} // namespace bwla::ui
