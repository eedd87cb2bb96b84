// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/quantize_estimate.h"
#include "ui/models/model_list.h"
#include "ui/widgets/card.h"

#include <optional>

class QFormLayout;
class QPushButton;
class QScrollArea;

namespace bwla::ui {

class Banner;
class SizeBars;
class Theme;

/// The card beside the list: what the chosen model is, what quantizing it will give, and what can
/// be done with it.
class ModelDetails : public QFrame {
    Q_OBJECT

public:
    explicit ModelDetails(Theme& theme, QWidget* parent = nullptr);

    void show(const std::optional<ModelRow>& row);
    using QFrame::show;
    [[nodiscard]] QString path() const { return path_; }

Q_SIGNALS:
    void quantizeClicked();
    void chatClicked();
    void inspectClicked();
    void filesClicked();
    void removeClicked();

private:
    void makeEstimate(QVBoxLayout* column);
    void makeButtons(QVBoxLayout* column);
    void fillFacts(const ModelSummary& summary);
    void fillEstimate(const ModelSummary& summary);
    void fillBits(const ModelSummary& summary);
    void addFact(const QString& name, const QString& value, const QString& help = {});
    void showTemplate();

    Theme& theme_;
    QString path_, template_;
    QLabel *name_, *place_;
    Banner* problem_;
    QWidget* facts_;
    QFormLayout* form_;
    QWidget* estimate_;
    SizeBars* bars_;
    QLabel *time_, *memory_, *bits_;
    Banner* warning_;
    QPushButton *quantize_, *chat_, *inspect_, *files_, *more_;
};

} // namespace bwla::ui
