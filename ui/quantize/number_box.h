// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/setting_options.h"

#include <QDoubleSpinBox>

namespace bwla::ui {

/// The field of a NumberOption: its range, as few digits as the value has. Where 0 stands for
/// "without" it is the least value, shown as the special text.
class NumberBox : public QDoubleSpinBox {
    Q_OBJECT

public:
    NumberBox(const NumberOption& option, double step, QWidget* parent = nullptr);

    void show(const QuantizeSettings& settings);
    using QDoubleSpinBox::show;
    /// Writes what the user chose; a value that the field cannot show exactly (a seed of 2^60, more
    /// than six decimals) stays as it is until it is edited.
    void read(QuantizeSettings& settings) const;

protected:
    [[nodiscard]] QString textFromValue(double value) const override;

private:
    [[nodiscard]] double shown(const QuantizeSettings& settings) const;

    const NumberOption& option_;
};

} // namespace bwla::ui
