// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/float_parts.h"

#include <QWidget>

#include <array>

class QCheckBox;
class QLabel;
class QLineEdit;
class QSpinBox;

namespace bwla::ui {

/// What a run leaves in float: a range of blocks to quantize, groups kept in every block, and
/// single modules as text. What does not fit the model is said below and not told further.
class FloatPartsForm : public QWidget {
    Q_OBJECT

public:
    explicit FloatPartsForm(QWidget* parent = nullptr);

    void setParts(const FloatParts& parts, std::int64_t blocks);
    [[nodiscard]] const FloatParts& parts() const { return parts_; }
    void setPrice(const QString& text);

Q_SIGNALS:
    void edited();

private:
    [[nodiscard]] FloatParts read() const; ///< throws Error{badArgument}
    void take();

    QSpinBox *first_, *last_;
    std::array<QCheckBox*, groupCount> groups_{};
    QLineEdit* single_;
    QLabel *price_, *problem_;
    FloatParts parts_; ///< the last that fitted
    std::int64_t blocks_ = 0;
    bool setting_ = false;
};

} // namespace bwla::ui
