// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStyledItemDelegate>

namespace bwla::ui {

class Theme;

/// A row of the list of models: name over place, the state as a chip with icon and word, the
/// selected row with a bar at its start.
class ModelDelegate : public QStyledItemDelegate {
    Q_OBJECT

public:
    explicit ModelDelegate(Theme& theme, QObject* parent = nullptr)
        : QStyledItemDelegate(parent), theme_(theme) {}

    /// Two lines of text and 8 px above, between and below.
    [[nodiscard]] int rowHeight() const;
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;

private:
    void paintName(QPainter* painter, const QRect& box, const QModelIndex& index,
                   bool selected) const;
    void paintState(QPainter* painter, const QRect& box, const QModelIndex& index) const;

    Theme& theme_;
};

} // namespace bwla::ui
