// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/number_box.h"

#include <algorithm>

namespace bwla::ui {
namespace {

constexpr int fractionDigits = 6;
constexpr double leastFraction = 1e-6;
constexpr double mostExact = 9'007'199'254'740'992.0; ///< 2^53, the last whole number before gaps

double leastOf(const NumberOption& option, double step) {
    if (option.orZero)
        return option.aboveLeast ? option.least : option.least - step;
    return option.aboveLeast ? option.least + leastFraction : option.least;
}

} // namespace

NumberBox::NumberBox(const NumberOption& option, double step, QWidget* parent)
    : QDoubleSpinBox(parent), option_(option) {
    setDecimals(option.whole() ? 0 : fractionDigits);
    setRange(leastOf(option, step), std::min(option.most, mostExact));
    setSingleStep(step);
    setGroupSeparatorShown(true);
    setKeyboardTracking(false);
}

double NumberBox::shown(const QuantizeSettings& settings) const {
    const double value = std::clamp(option_.of(settings), minimum(), maximum());
    return QString::number(value, 'f', decimals()).toDouble(); // as QDoubleSpinBox rounds
}

void NumberBox::show(const QuantizeSettings& settings) {
    setValue(shown(settings));
}

void NumberBox::read(QuantizeSettings& settings) const {
    if (value() == shown(settings))
        return;
    option_.set(settings, option_.orZero && value() == minimum() ? 0.0 : value());
}

QString NumberBox::textFromValue(double value) const {
    return locale().toString(
        value, 'f', option_.whole() ? 0 : static_cast<int>(QLocale::FloatingPointShortest));
}

} // namespace bwla::ui
